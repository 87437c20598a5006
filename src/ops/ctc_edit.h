/* EditDistance, with which the decoders' answers are judged. */
#ifndef SM_OPS_CTC_EDIT_H_
#define SM_OPS_CTC_EDIT_H_

#include "ops/op.h"

TF_Code edit_distance_run(OpCtx *c, TF_Status *st);

#endif
