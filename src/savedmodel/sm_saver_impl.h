/* The inside of an SM_Saver: sm_saver.c builds its graph, sm_checkpoint.c runs it and keeps the files. */
#ifndef SM_SAVEDMODEL_SM_SAVER_IMPL_H_
#define SM_SAVEDMODEL_SM_SAVER_IMPL_H_

#include "checkpoint/checkpoint_state.h"
#include "savedmodel/sm_internal.h"
#include "wire/proto_message.h"

struct SM_Saver {
  SM_Saver *next; /* of the graph's list */
  SM_Graph *graph;
  SM_SaverOptions options; /* with the defaults filled in; max_to_keep 0 keeps all */
  SM_SaverEntry *entries;  /* sorted by name */
  int count;
  bool empty;
  TF_Output filename, save;
  TF_Operation *restore;
  CheckpointState kept; /* prefixes written and not deleted, with their times */
  double next_kept;     /* a checkpoint newer than this is not deleted, then this moves on */
  char *returned;       /* what SM_Save gave last */
};

/* A saver with defaults filled in and no nodes yet, in the graph's list. */
SM_Saver *saver_new(SM_Graph *g, const SM_SaverOptions *options);
/* Seconds since the epoch. */
double saver_now(void);

#endif
