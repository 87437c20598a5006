/* Session: a graph with its variables, and the plans made for the runs asked of it.
 *
 * Any number of threads may run one session. A run with feeds, fetches and targets that were asked before
 * finds its plan by their addresses: no strings, no locks held while it runs. Nodes added to the graph since
 * are seen by the next run that reaches them. */
#ifndef SM_SESSION_SESSION_H_
#define SM_SESSION_SESSION_H_

#include "base/bytes.h"
#include "graph/graph.h"
#include "resource/step_env.h"

typedef struct Session Session;
struct Executor;

/* Zeroed: the defaults. */
typedef struct SessionConfig {
  int intra_op_threads;    /* threads of one kernel; 0: as many as the machine has */
  int64_t timeout_ms;      /* of each run; 0: none */
  size_t memory_limit;     /* bytes that one run's tensors may take together, while they live; 0: no limit */
  const FilePolicy *files; /* must outlive the session; null: all files */
  bool no_folding;         /* run constants too; for tests */
  bool no_specialization;  /* general path only; for tests */
} SessionConfig;

typedef struct SessionRunOptions {
  int64_t timeout_ms;           /* 0: the config's */
  const atomic_bool *cancelled; /* set by the caller to end the run with TF_CANCELLED; null: nobody will */
  struct ExecProfile *profile;  /* gets the time of each step (exec/profile.h); null: not wanted */
} SessionRunOptions;

/* Reads a serialized ConfigProto (RunOptions) over what is there; fields that have no meaning here are
 * ignored. */
TF_Code session_config_parse(SessionConfig *config, Span proto, TF_Status *st);
TF_Code session_run_options_parse(SessionRunOptions *options, Span proto, TF_Status *st);

/* The graph must outlive the session. A null config means the defaults. */
TF_Code session_new(Session **session, Graph *graph, const SessionConfig *config, TF_Status *st);
/* Later runs fail with TF_CANCELLED "Session has been closed."; those under way are told to end. Any number
 * of times. */
void session_close(Session *session);
/* Closes, waits until no run is under way, and frees. Null is allowed. */
void session_free(Session *session);
ResourceManager *session_resources(Session *session);
Graph *session_graph(Session *session);

/* One step. `feed_values` are borrowed for the call. `outputs`: num_fetches Tensors that are none; after
 * success each owns its memory, shared with nobody; after failure they are none. `options` may be null.
 * Errors: TensorFlow's codes and texts, with "\n\t [[{{node NAME}}]]" when a node failed. */
TF_Code session_run(Session *session, const TF_Output *feeds, const Tensor *const *feed_values, int num_feeds,
                    const TF_Output *fetches, Tensor *outputs, int num_fetches, const Node *const *targets,
                    int num_targets, const SessionRunOptions *options, TF_Status *st);

/* What would run a step with these feeds and fetches, its plan made if there is none yet; it lives as long as
 * the session. */
TF_Code session_executor(Session *session, const TF_Output *feeds, int num_feeds, const TF_Output *fetches,
                         int num_fetches, struct Executor **executor, TF_Status *st);

#endif
