/* Slices of tensors: a range in every dimension. What partitioned variables are stored as.
 *
 *   shape_and_slice string of the Save and Restore ops: "" = the whole tensor, else the full shape and one
 * range a dimension: "7 3 2,4:-" is rows 2 to 5 of a [7, 3] tensor ("-" = all of the dimension).
 *
 *   slice key in the tables: ordered code (sorts as the parts do) of 0, name, rank, then start and length of
 * each dimension (0 and -1 for all of it). */
#ifndef SM_CHECKPOINT_SLICE_H_
#define SM_CHECKPOINT_SLICE_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

/* TensorFlow stores slices of at most 8 dimensions. */
enum { SLICE_MAX_RANK = 8, SLICE_FULL = -1 };

typedef struct TensorSlice {
  int rank;
  int64_t start[SLICE_MAX_RANK];
  int64_t length[SLICE_MAX_RANK]; /* SLICE_FULL: the whole dimension, start 0 */
} TensorSlice;

/* The slice that is all of a tensor of this rank (at most SLICE_MAX_RANK). */
TensorSlice slice_whole(int rank);
bool slice_is_whole(const TensorSlice *slice);
bool slice_equal(const TensorSlice *a, const TensorSlice *b);
/* "2,4:-" and "" for a scalar's. TF_INVALID_ARGUMENT with TensorFlow's texts. */
TF_Code slice_parse(TensorSlice *slice, const char *text, size_t size, TF_Status *st);
/* Appends the text that slice_parse reads. */
void slice_format(const TensorSlice *slice, Bytes *out);
/* Sizes of the slice of a tensor with the shape `dims`; TF_INTERNAL/TF_INVALID_ARGUMENT if it is not inside.
 */
TF_Code slice_shape(const TensorSlice *slice, const int64_t *dims, int rank, int64_t *out, TF_Status *st);
/* A shape_and_slice string: full shape, slice, shape of the slice (each of `*rank` sizes). */
TF_Code slice_parse_spec(const char *text, size_t size, int64_t *dims, int *rank, TensorSlice *slice,
                         int64_t *slice_dims, TF_Status *st);
/* The part that two slices of a tensor with the shape `dims` share, all starts and lengths explicit; false if
 * none. */
bool slice_intersect(const TensorSlice *a, const TensorSlice *b, const int64_t *dims, TensorSlice *out);
/* Copies what slices `from` and `to` of a tensor with the shape `dims` share from the dense elements of
 * the one to those of the other. `item` is the bytes of an element; both slices lie inside `dims`. Returns
 * the number of elements copied. */
int64_t slice_copy(const int64_t *dims, const TensorSlice *from, const void *src, const TensorSlice *to,
                   void *dst, size_t item);

/* Appends the table key of a slice of a tensor. */
void slice_key_put(Bytes *out, Span name, const TensorSlice *slice);
/* The reverse; `name` is appended to. TF_INVALID_ARGUMENT for anything else. */
TF_Code slice_key_get(Span key, Bytes *name, TensorSlice *slice, TF_Status *st);

#endif
