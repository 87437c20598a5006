/* Tensors: counted buffers, and the TF_Tensor functions of the C API on top of them. */
#include "tensor/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/status_impl.h"
#include "tensor/buffer_pool.h"
#include "tensor/memory_count.h"
#include "tensor/object.h"

/* A buffer's own memory stands behind its header, TENSOR_ALIGN bytes from the start of the block. */
enum { BUFFER_HEADER = TENSOR_ALIGN };
_Static_assert(sizeof(TensorBuffer) <= BUFFER_HEADER, "the header fits before the data");
_Static_assert(sizeof(TF_TString) == 24, "the C API's layout");

const char *shape_text(const int64_t *dims, int rank, char *buf, size_t size) {
  if (rank < 0) {
    snprintf(buf, size, "<unknown>");
    return buf;
  }
  size_t at = (size_t)snprintf(buf, size, "[");
  for (int i = 0; i < rank && at < size; i++) {
    const char *comma = i ? "," : "";
    at += (size_t)(dims[i] < 0 ? snprintf(buf + at, size - at, "%s?", comma)
                               : snprintf(buf + at, size - at, "%s%lld", comma, (long long)dims[i]));
  }
  if (at < size) snprintf(buf + at, size - at, "]");
  return buf;
}

TF_Code shape_bytes(TF_DataType dtype, const int64_t *dims, int rank, int64_t *count, size_t *bytes,
                    TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (rank < 0 || rank > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a tensor of rank %d: ranks from 0 to %d are supported", rank,
                TENSOR_MAX_RANK);
  int64_t n = 1;
  bool empty = false, fits = true;
  for (int i = 0; i < rank; i++) {
    if (dims[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Dimension %d of shape %s must be >= 0", i,
                  shape_text(dims, rank, text, sizeof text));
    if (dims[i] == 0) empty = true;
    else fits = fits && checked_mul_i64(n, dims[i], &n);
  }
  size_t size;
  if (!fits || !checked_mul((size_t)n, dtype_size(dtype) ? dtype_size(dtype) : 1, &size) || size > INT64_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "Shape %s has more elements than memory can hold",
                shape_text(dims, rank, text, sizeof text));
  *count = empty ? 0 : n;
  *bytes = empty ? 0 : (size_t)n * dtype_size(dtype);
  return TF_OK;
}

static void destroy_elements(TensorBuffer *b) {
  if (b->elements == TF_STRING) {
    TF_TString *s = b->data;
    for (size_t i = 0; i < b->size / sizeof *s; i++) TF_StringDealloc(&s[i]);
  } else {
    Object **o = b->data;
    for (size_t i = 0; i < b->size / sizeof *o; i++) object_unref(o[i]);
  }
}

static void buffer_discharge(TensorBuffer *b) {
  if (!b->counted) return;
  memory_discharge(b->counted, b->charge);
  b->counted = NULL;
}

void tensor_discharge(Tensor *t) {
  if (t->buffer) buffer_discharge(t->buffer);
}

TF_Code tensor_charge_strings(Tensor *t, TF_Status *st) {
  TensorBuffer *b = t->buffer;
  size_t total = BUFFER_HEADER;
  if (!b || !b->counted || b->elements != TF_STRING) return TF_OK;
  const TF_TString *s = b->data;
  for (size_t i = 0; i < b->size / sizeof *s; i++) total += TF_StringGetCapacity(&s[i]) + sizeof *s;
  MemoryCount *count = b->counted;
  if (total <= b->charge) return TF_OK;
  if (!memory_charge(count, total))
    return fail(st, TF_RESOURCE_EXHAUSTED, "OOM when allocating %zu bytes of strings", total);
  memory_discharge(count, b->charge);
  b->charge = total;
  return TF_OK;
}

void tensor_buffer_free(TensorBuffer *b) {
  if (b->elements) destroy_elements(b);
  buffer_discharge(b);
  if (b->home && buffer_pool_keep(b)) return;
  if (b->free_data) b->free_data(b->data, b->size, b->arg);
  free(b);
}

static TensorBuffer *buffer_make(BufferPool *pool, size_t size) {
  size_t bytes;
  if (!checked_add(size, BUFFER_HEADER + TENSOR_ALIGN - 1, &bytes)) return NULL;
  TensorBuffer *b = aligned_alloc(TENSOR_ALIGN, bytes & ~(size_t)(TENSOR_ALIGN - 1));
  if (!b) return NULL;
  *b = (TensorBuffer){.data = (char *)b + BUFFER_HEADER, .size = size};
  atomic_init(&b->refs, 1);
  if (pool) buffer_pool_adopt(pool, b);
  return b;
}

static TensorBuffer *buffer_reuse(BufferPool *pool, size_t size) {
  TensorBuffer *b = buffer_pool_take(pool, size);
  if (!b) return NULL;
  b->readonly = false;
  b->elements = 0;
  atomic_store_explicit(&b->refs, 1, memory_order_relaxed);
  return b;
}

static TensorBuffer *buffer_new(BufferPool *pool, size_t size) {
  if (!pool) return buffer_make(NULL, size);
  MemoryCount *count = buffer_pool_count(pool);
  size_t charge;
  if (!checked_add(size, BUFFER_HEADER, &charge) || !memory_charge(count, charge)) return NULL;
  TensorBuffer *b = buffer_reuse(pool, size);
  if (!b) b = buffer_make(pool, size);
  if (!b) return memory_discharge(count, charge), NULL;
  b->counted = count;
  b->charge = charge;
  return b;
}

static void tensor_set(Tensor *t, TensorBuffer *buffer, TF_DataType dtype, const int64_t *dims, int rank,
                       void *data) {
  t->buffer = buffer;
  t->data = data;
  t->dtype = dtype;
  t->rank = rank;
  for (int i = 0; i < rank; i++) t->dims[i] = dims[i];
}

TF_Code tensor_alloc(Tensor *t, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st) {
  return tensor_alloc_in(NULL, t, dtype, dims, rank, st);
}

TF_Code tensor_alloc_in(BufferPool *pool, Tensor *t, TF_DataType dtype, const int64_t *dims, int rank,
                        TF_Status *st) {
  int64_t count;
  size_t bytes;
  TRY(shape_bytes(dtype, dims, rank, &count, &bytes, st));
  TensorBuffer *b = buffer_new(pool, bytes);
  if (!b) {
    char text[SHAPE_TEXT_MAX];
    return fail(st, TF_RESOURCE_EXHAUSTED,
                "OOM when allocating tensor with shape%s and type %s on "
                "/job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu",
                shape_text(dims, rank, text, sizeof text), dtype_name(dtype));
  }
  if (dtype_is_object(dtype)) {
    b->elements = (uint8_t)dtype;
    memset(b->data, 0, bytes);
  }
  tensor_set(t, b, dtype, dims, rank, b->data);
  return TF_OK;
}

TF_Code tensor_wrap(Tensor *t, TF_DataType dtype, const int64_t *dims, int rank, void *data, size_t size,
                    void (*free_data)(void *, size_t, void *), void *arg, bool readonly, TF_Status *st) {
  int64_t count;
  size_t bytes;
  TF_Code code = shape_bytes(dtype, dims, rank, &count, &bytes, st);
  if (!code && bytes > size)
    code = fail(st, TF_INVALID_ARGUMENT, "%zu bytes are too few for a tensor of %zu", size, bytes);
  TensorBuffer *b = code ? NULL : calloc(1, sizeof *b);
  if (!code && !b) code = fail_oom(st, "a tensor's buffer");
  if (code) {
    if (free_data) free_data(data, size, arg);
    return code;
  }
  *b = (TensorBuffer){.readonly = readonly, .data = data, .size = size, .free_data = free_data, .arg = arg};
  atomic_init(&b->refs, 1);
  if (dtype_is_object(dtype)) b->elements = (uint8_t)dtype;
  tensor_set(t, b, dtype, dims, rank, data);
  return TF_OK;
}

void tensor_view(Tensor *t, TensorBuffer *owner, TF_DataType dtype, const int64_t *dims, int rank,
                 void *data) {
  atomic_fetch_add_explicit(&owner->refs, 1, memory_order_relaxed);
  tensor_set(t, owner, dtype, dims, rank, data);
}

TF_Code elements_copy(TF_DataType dtype, void *dst, const void *src, int64_t count, TF_Status *st) {
  if (dtype == TF_STRING) {
    const TF_TString *from = src;
    TF_TString *to = dst;
    for (int64_t i = 0; i < count; i++) {
      size_t size;
      const char *data = tstring_data(&from[i], &size);
      if (!tstring_set(&to[i], data, size)) return fail_oom(st, "a string element");
    }
  } else if (dtype_is_object(dtype)) {
    Object *const *from = src;
    Object **to = dst;
    for (int64_t i = 0; i < count; i++) {
      object_ref(from[i]);
      object_unref(to[i]);
      to[i] = from[i];
    }
  } else if (count) {
    memcpy(dst, src, (size_t)count * dtype_size(dtype));
  }
  return TF_OK;
}

TF_Code tensor_copy(Tensor *dst, const Tensor *src, TF_Status *st) {
  return tensor_copy_in(NULL, dst, src, st);
}

TF_Code tensor_copy_in(BufferPool *pool, Tensor *dst, const Tensor *src, TF_Status *st) {
  Tensor copy = {0};
  TRY(tensor_alloc_in(pool, &copy, src->dtype, src->dims, src->rank, st));
  if (elements_copy(src->dtype, copy.data, src->data, tensor_count(src), st)) {
    tensor_clear(&copy);
    return TF_GetCode(st);
  }
  tensor_move(dst, &copy);
  return TF_OK;
}

bool tensor_same_shape(const Tensor *a, const Tensor *b) {
  if (a->dtype != b->dtype || a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (a->dims[i] != b->dims[i]) return false;
  return true;
}

TF_Tensor *tensor_to_heap(Tensor *t) {
  TF_Tensor *heap = malloc(sizeof *heap);
  if (heap) tensor_move(heap, t);
  else tensor_clear(t);
  return heap;
}

/* ---- the C API ---- */

TF_Tensor *TF_AllocateTensor(TF_DataType dtype, const int64_t *dims, int num_dims, size_t len) {
  TF_Status st = {0};
  TF_Tensor t = {0};
  int64_t count;
  size_t bytes;
  /* Elements of unknown size are the caller's business: the buffer is as long as asked. */
  if (shape_bytes(dtype, dims, num_dims, &count, &bytes, &st) || len < bytes) return NULL;
  TensorBuffer *b = buffer_new(NULL, len);
  if (!b) return NULL;
  if (dtype_is_object(dtype)) {
    b->elements = (uint8_t)dtype;
    b->size = bytes;
    memset(b->data, 0, len);
  }
  tensor_set(&t, b, dtype, dims, num_dims, b->data);
  return tensor_to_heap(&t);
}

TF_Tensor *TF_NewTensor(TF_DataType dtype, const int64_t *dims, int num_dims, void *data, size_t len,
                        void (*deallocator)(void *data, size_t len, void *arg), void *deallocator_arg) {
  TF_Status st = {0};
  size_t align = dtype_is_object(dtype) ? sizeof(void *) : dtype_size(dtype);
  TF_Tensor t = {0};
  if (align > 1 && (uintptr_t)data % align) { /* misaligned: a copy, and the caller's memory goes back */
    int64_t count;
    size_t bytes;
    bool ok = !shape_bytes(dtype, dims, num_dims, &count, &bytes, &st) && bytes <= len &&
              !tensor_alloc(&t, dtype, dims, num_dims, &st);
    if (ok && bytes) memcpy(t.data, data, bytes);
    if (deallocator) deallocator(data, len, deallocator_arg);
    return ok ? tensor_to_heap(&t) : NULL;
  }
  if (tensor_wrap(&t, dtype, dims, num_dims, data, len, deallocator, deallocator_arg, true, &st)) return NULL;
  if (t.buffer->elements) t.buffer->size = (size_t)tensor_count(&t) * dtype_size(dtype);
  return tensor_to_heap(&t);
}

TF_Tensor *TF_TensorMaybeMove(TF_Tensor *t) { return tensor_writable(t) ? t : NULL; }

void TF_DeleteTensor(TF_Tensor *t) {
  if (!t) return;
  tensor_clear(t);
  free(t);
}

TF_DataType TF_TensorType(const TF_Tensor *t) { return t->dtype; }

void TF_SetShape(TF_Tensor *t, const int64_t *dims, int num_dims) {
  if (num_dims < 0 || num_dims > TENSOR_MAX_RANK) return;
  tensor_set(t, t->buffer, t->dtype, dims, num_dims, t->data);
}

int TF_NumDims(const TF_Tensor *t) { return t->rank; }
int64_t TF_Dim(const TF_Tensor *t, int i) { return i >= 0 && i < t->rank ? t->dims[i] : -1; }

size_t TF_TensorByteSize(const TF_Tensor *t) {
  size_t size = dtype_size(t->dtype);
  return size ? (size_t)tensor_count(t) * size : t->buffer ? t->buffer->size : 0;
}

void *TF_TensorData(const TF_Tensor *t) { return t->data; }
int64_t TF_TensorElementCount(const TF_Tensor *t) { return tensor_count(t); }

void TF_TensorBitcastFrom(const TF_Tensor *from, TF_DataType type, TF_Tensor *to, const int64_t *new_dims,
                          int num_new_dims, TF_Status *st) {
  TF_SetStatus(st, TF_OK, "");
  int64_t count;
  size_t bytes;
  if (shape_bytes(type, new_dims, num_new_dims, &count, &bytes, st)) return;
  if (bytes != TF_TensorByteSize(from) || dtype_is_object(type) != dtype_is_object(from->dtype)) {
    fail(st, TF_INVALID_ARGUMENT, "input tensor is not compatible with desired shape in bitcast");
    return;
  }
  TF_Tensor view;
  tensor_share(&view, from);
  tensor_clear(to);
  tensor_move(to, &view);
  tensor_set(to, to->buffer, type, new_dims, num_new_dims, to->data);
}

bool TF_TensorIsAligned(const TF_Tensor *t) { return (uintptr_t)t->data % TENSOR_ALIGN == 0; }
