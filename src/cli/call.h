/* A signature ready to be run, once or a thousand times, on the same inputs. */
#ifndef SM_CLI_CALL_H_
#define SM_CLI_CALL_H_

#include "cli/inputs.h"
#include "serving/bundle.h"

struct ExecProfile;

typedef struct Call {
  const Bundle *bundle;
  const Signature *signature;
  Arena arena;
  size_t num_feeds, num_fetches;
  TF_Output *feeds, *fetches; /* fetches: of outputs that are no inputs, which a session does not fetch */
  TF_Tensor **values;         /* by feed; borrowed of the inputs */
  TF_Tensor **fetched;        /* by fetch */
  TF_Tensor *taken;           /* by fetch; what a profiled run gave */
  TF_Tensor **results;        /* by output of the signature; set by call_results */
} Call;

/* `in` must outlive the call. Names the input that has no value, and what the graph does not have. */
TF_Code call_init(Call *call, const Bundle *bundle, const Inputs *in, TF_Status *st);
void call_clear(Call *call);
/* Frees what the last run gave, so that the next one may be timed alone. */
void call_drop(Call *call);
/* One run, as a server would do it; what it gives is in `fetched`. To be dropped before. */
TF_Code call_run(Call *call, TF_Status *st);
/* One run that a profile is made of; what it gives is dropped. */
TF_Code call_run_profiled(Call *call, struct ExecProfile *profile, TF_Status *st);
/* Fills `results`, of the last run and of inputs that are outputs. */
TF_Code call_results(Call *call, TF_Status *st);

#endif
