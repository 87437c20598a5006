/* Sets of slices of one tensor: what both checkpoint formats check before they join stored slices. */
#ifndef SM_CHECKPOINT_SLICE_SET_H_
#define SM_CHECKPOINT_SLICE_SET_H_

#include "checkpoint/slice.h"

/* The whole of a tensor of each rank. */
extern const TensorSlice slice_whole_of[SLICE_MAX_RANK + 1];
/* Elements of a slice that lies inside `dims`. */
int64_t slice_volume(const TensorSlice *slice, const int64_t *dims);
/* Whether the slice, of as many dimensions, is all of the tensor. */
bool slice_covers(const TensorSlice *slice, const int64_t *dims);
/* Checks that all slices lie inside the tensor and share nothing: TF_INTERNAL "Overlapping slices: existing
 * slice = 0,4:-, new slice = 3,4:-". */
TF_Code slices_check_apart(const TensorSlice *slices, size_t count, const int64_t *dims, int rank,
                           TF_Status *st);

#endif
