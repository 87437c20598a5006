/* What the subcommands of `savedmodel checkpoint` share. */
#ifndef SM_CLI_CHECKPOINT_CMD_H_
#define SM_CLI_CHECKPOINT_CMD_H_

#include "base/bytes.h"
#include "checkpoint/checkpoint_reader.h"

/* Opens what was named: a prefix, PREFIX.index, a folder with a state file (its latest checkpoint) or a
 * SavedModel's folder (its variables). */
TF_Code checkpoint_open_named(CheckpointReader **reader, const char *name, TF_Status *st);
/* Reads one tensor whole. */
TF_Code checkpoint_read_entry(const CheckpointReader *reader, const CheckpointEntry *entry,
                              TF_Tensor **tensor, TF_Status *st);
/* Bytes of the elements; 0 for strings. */
uint64_t checkpoint_entry_bytes(const CheckpointEntry *entry);

/* A tensor's name (or a message with one) for a terminal: control bytes, which a stranger's file may hold, as
 * \xHH. The text is in `buf`, which it replaces; "?" when memory is out. */
const char *text_for_terminal(Span text, Bytes *buf);

/* A line on stderr that tells how far long work is; only where that is a terminal. Start with zero. */
typedef struct Progress {
  const char *what;
  uint64_t total, done;
  double last; /* when it was drawn */
  bool drawn;
} Progress;
void progress_add(Progress *p, uint64_t done);
void progress_end(Progress *p);

/* Appends the elements as nested lists, at most `max` of them. */
void tensor_print(const TF_Tensor *tensor, size_t max, Bytes *out);

int checkpoint_list(int argc, char **argv);
int checkpoint_print(int argc, char **argv);
int checkpoint_verify(int argc, char **argv);
int checkpoint_diff(int argc, char **argv);
int checkpoint_export(int argc, char **argv);

#endif
