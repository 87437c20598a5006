/* Tensor: the inside of a TF_Tensor, kept by value wherever the runtime can.
 *
 *   Tensor (dtype, rank, dims, data) ---> TensorBuffer (count, memory, how to free it)
 *
 * Several tensors share a buffer by counting references; data may point into its middle (a slice) or
 * into a mapped file (a variable of a checkpoint). Data is aligned at least to its element's size; memory
 * allocated here to TENSOR_ALIGN. A buffer with one reference belongs to the holder, who may write to
 * it if `buffer->readonly` is not set; shared ones are read-only.
 *
 * A zeroed Tensor is "none": dtype 0, no buffer. Elements of TF_STRING are TF_TString, of TF_RESOURCE
 * and TF_VARIANT are counted Object pointers (tensor/object.h), destroyed with their buffer. */
#ifndef SM_TENSOR_TENSOR_H_
#define SM_TENSOR_TENSOR_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "tensorflow/c/tf_tensor.h"
#include "tensorflow/c/tf_tstring.h"

enum {
  TENSOR_MAX_RANK = 16, /* TensorFlow allows 254; no real model passes 9, and dims are inline */
  TENSOR_ALIGN = 64,    /* a cache line, an AVX-512 vector */
};

typedef struct BufferPool BufferPool; /* tensor/buffer_pool.h */

typedef struct TensorBuffer {
  _Atomic int32_t refs;
  bool readonly;    /* mapped, or the caller's: copy before writing */
  uint8_t elements; /* TF_STRING, TF_RESOURCE, TF_VARIANT: what to destroy; else 0 */
  void *data;       /* start of the memory */
  size_t size;      /* its bytes */
  void (*free_data)(void *data, size_t size, void *arg); /* null: data stands behind this header */
  void *arg;
  struct MemoryCount *counted; /* tensor/memory_count.h: charged with it, or null */
  size_t charge;
  BufferPool *home; /* where own memory goes when nobody has it any more; null: it is freed */
} TensorBuffer;

typedef struct TF_Tensor {
  TensorBuffer *buffer; /* null: none, or an empty tensor */
  void *data;           /* first element */
  TF_DataType dtype;
  int rank;
  int64_t dims[TENSOR_MAX_RANK];
} Tensor;

/* Number of elements; the product was checked when the shape was set. */
static inline int64_t tensor_count(const Tensor *t) {
  int64_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= t->dims[i];
  return n;
}

/* Bytes of one element in memory: 24 a string, 8 a resource or variant, 0 for unknown numbers. */
size_t dtype_size(TF_DataType dtype);
/* "float", "int32", "string", "float_ref": the names in op specs and messages; "unknown dtype" else. */
const char *dtype_name(TF_DataType dtype);
/* "DT_FLOAT", ... as the proto enum has it; null for unknown numbers. */
const char *dtype_proto_name(TF_DataType dtype);
/* The dtype of a name of dtype_name (`len` bytes), or 0. */
TF_DataType dtype_by_name(const char *name, size_t len);
static inline bool dtype_is_ref(TF_DataType dtype) { return (int)dtype > 100; }
static inline TF_DataType dtype_base(TF_DataType dtype) {
  return (int)dtype > 100 ? (TF_DataType)((int)dtype - 100) : dtype;
}
/* Whether elements own memory (string, resource, variant). */
static inline bool dtype_is_object(TF_DataType d) {
  return d == TF_STRING || d == TF_RESOURCE || d == TF_VARIANT;
}

/* The number of elements and bytes of a shape; TF_INVALID_ARGUMENT for a negative dim, overflow, rank
 * above TENSOR_MAX_RANK. */
TF_Code shape_bytes(TF_DataType dtype, const int64_t *dims, int rank, int64_t *count, size_t *bytes,
                    TF_Status *st);
/* "[2,3]" as TensorFlow prints a shape; -1 dims as "?"; rank -1 as "<unknown>". Returns `buf`. */
const char *shape_text(const int64_t *dims, int rank, char *buf, size_t size);
enum { SHAPE_TEXT_MAX = 24 * TENSOR_MAX_RANK };

/* Makes `t` a new tensor with its own memory: uninitialised numbers, empty strings, null objects.
 * `t` must be none or cleared. TF_INVALID_ARGUMENT for a bad shape, TF_RESOURCE_EXHAUSTED. */
TF_Code tensor_alloc(Tensor *t, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st);
/* The same, by a pool that the caller may take from; null: none. */
TF_Code tensor_alloc_in(BufferPool *pool, Tensor *t, TF_DataType dtype, const int64_t *dims, int rank,
                        TF_Status *st);
/* Makes `t` a view of memory of the caller's; `free_data(data, size, arg)` is called with the last
 * reference (and when this fails). `data` must be aligned to the element's size. */
TF_Code tensor_wrap(Tensor *t, TF_DataType dtype, const int64_t *dims, int rank, void *data, size_t size,
                    void (*free_data)(void *, size_t, void *), void *arg, bool readonly, TF_Status *st);
/* Makes `t` a view of `size` bytes from `data` inside `owner`'s memory; takes a reference to it. */
void tensor_view(Tensor *t, TensorBuffer *owner, TF_DataType dtype, const int64_t *dims, int rank,
                 void *data);
/* dst (none or cleared) comes to share src's buffer. */
static inline void tensor_share(Tensor *dst, const Tensor *src) {
  *dst = *src;
  if (src->buffer) atomic_fetch_add_explicit(&src->buffer->refs, 1, memory_order_relaxed);
}
void tensor_buffer_free(TensorBuffer *buffer); /* when the count has come to 0 */
/* Drops the reference; `t` is none afterwards. */
static inline void tensor_clear(Tensor *t) {
  TensorBuffer *b = t->buffer;
  t->buffer = NULL;
  t->data = NULL;
  t->dtype = (TF_DataType)0;
  if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1) tensor_buffer_free(b);
}
/* dst takes over src's reference; src is none afterwards. */
static inline void tensor_move(Tensor *dst, Tensor *src) {
  *dst = *src;
  src->buffer = NULL;
  src->data = NULL;
  src->dtype = (TF_DataType)0;
}
/* Takes back what its buffer was charged with: it is nobody's business any more. The only holder may. */
void tensor_discharge(Tensor *t);
/* Charges what strings take outside the buffer; TF_RESOURCE_EXHAUSTED. Where nothing is counted it does
 * nothing. */
TF_Code tensor_charge_strings(Tensor *t, TF_Status *st);
/* A deep copy: own memory, own strings. */
TF_Code tensor_copy(Tensor *dst, const Tensor *src, TF_Status *st);
TF_Code tensor_copy_in(BufferPool *pool, Tensor *dst, const Tensor *src, TF_Status *st);
/* Whether this holder may write to the data: the only reference, and not read-only. */
static inline bool tensor_writable(const Tensor *t) {
  return t->buffer && !t->buffer->readonly &&
         atomic_load_explicit(&t->buffer->refs, memory_order_acquire) == 1;
}
/* Whether dtype and dims are equal. */
bool tensor_same_shape(const Tensor *a, const Tensor *b);
/* Copies `count` elements of `dtype` (strings and objects are duplicated). */
TF_Code elements_copy(TF_DataType dtype, void *dst, const void *src, int64_t count, TF_Status *st);

/* A TF_Tensor on the heap that takes over t's reference; null when memory is out (t is cleared). */
TF_Tensor *tensor_to_heap(Tensor *t);

/* The bytes of a string element. */
static inline const char *tstring_data(const TF_TString *s, size_t *size) {
  switch (s->u.smll.size & 3) {
    case TF_TSTR_SMALL: *size = s->u.smll.size >> 2; return s->u.smll.str;
    case TF_TSTR_OFFSET: *size = s->u.offset.size >> 2; return (const char *)s + s->u.offset.offset;
    case TF_TSTR_VIEW: *size = s->u.view.size >> 2; return s->u.view.ptr;
    default: *size = s->u.large.size >> 2; return s->u.large.ptr;
  }
}
/* dst becomes an own copy of the bytes; false when memory is out (dst is empty then). */
bool tstring_set(TF_TString *dst, const void *data, size_t size);

#endif
