/* Shared by the makers in this folder. */
#ifndef SM_DNNL_DNNL_INTERNAL_H_
#define SM_DNNL_DNNL_INTERNAL_H_

#include <oneapi/dnnl/dnnl.h>

#include "dnnl/dnnl_call.h"

/* The CPU engine, made once; null without. */
dnnl_engine_t dnnl_engine(void);

/* What a maker asks for: a primitive with the memory that a caller sees. Where the primitive wants another
 * layout for an argument, a reorder goes before it. */
typedef struct DnnlPlan {
  const_dnnl_op_desc_t op;
  int num_args;
  int arg_ids[DNNL_MAX_ARGS];                    /* DNNL_ARG_... */
  const dnnl_memory_desc_t *args[DNNL_MAX_ARGS]; /* as the caller lays them out; the last is the output */
  int threads;
} DnnlPlan;

/* Null when oneDNN refuses. */
DnnlCall *dnnl_call_new(const DnnlPlan *plan);

#endif
