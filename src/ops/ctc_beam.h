/* CTCBeamSearchDecoder: the best label sequences by beam search, without a language model. */
#ifndef SM_OPS_CTC_BEAM_H_
#define SM_OPS_CTC_BEAM_H_

#include "ops/ctc_paths.h"

typedef struct CtcBeamState {
  int64_t width, paths;
  bool merge;
} CtcBeamState;

TF_Code ctc_beam_init(OpInit *k, TF_Status *st);
TF_Code ctc_beam_run(OpCtx *c, TF_Status *st);

#endif
