/* Buffer pool: memory of tensors that are gone, kept for new ones of the same size, so that steady runs ask the
 * allocator for nothing. One thread at a time takes from a pool (a run has its own); memory comes back from any
 * thread, at any time: also when the pool was closed meanwhile, and then it is freed. */
#ifndef SM_TENSOR_BUFFER_POOL_H_
#define SM_TENSOR_BUFFER_POOL_H_

#include "tensor/tensor.h"

BufferPool *buffer_pool_new(void); /* null when memory is out */
/* Frees what is kept. What is out frees itself. Null is allowed. */
void buffer_pool_close(BufferPool *pool);
/* Frees the larger ones of those kept, as the pool is not going to be used for a while. */
void buffer_pool_trim(BufferPool *pool);

/* From now on what is taken is charged to a count, which lives until another is set; null: to none. */
void buffer_pool_set_count(BufferPool *pool, struct MemoryCount *count);

/* ---- for tensor.c ---- */
struct MemoryCount *buffer_pool_count(const BufferPool *pool);
/* One of this size that nobody has, or null; then the caller makes one, and may say that it belongs here. */
TensorBuffer *buffer_pool_take(BufferPool *pool, size_t size);
void buffer_pool_adopt(BufferPool *pool, TensorBuffer *buffer);
/* What becomes of a buffer with a home: whether it is kept there. If not it is to be freed, and has no home any more. */
bool buffer_pool_keep(TensorBuffer *buffer);

#endif
