/* Buffer pool: memory of tensors that are gone, kept for new ones of the same size, so that steady runs ask
 * the allocator for nothing. One thread at a time uses a pool (a run has its own); memory comes back from any
 * thread, at any time: also when the pool was closed meanwhile, and then it is freed. */
#ifndef SM_TENSOR_BUFFER_POOL_H_
#define SM_TENSOR_BUFFER_POOL_H_

#include "tensor/tensor.h"

BufferPool *buffer_pool_new(void); /* null when memory is out */
/* Frees what is kept. What is out frees itself. Null is allowed. */
void buffer_pool_close(BufferPool *pool);
/* The thread is going to use it, and charges what it takes to `count` (null: to none), which lives until the
 * end. */
void buffer_pool_begin(BufferPool *pool, struct MemoryCount *count);
/* It is done: large buffers are freed. What is out comes back as from anybody. */
void buffer_pool_end(BufferPool *pool);

/* ---- for tensor.c ---- */
struct MemoryCount *buffer_pool_count(const BufferPool *pool);
/* One of this size that nobody has, or null; then the caller makes one, and may say that it belongs here. */
TensorBuffer *buffer_pool_take(BufferPool *pool, size_t size);
void buffer_pool_adopt(BufferPool *pool, TensorBuffer *buffer);
/* What becomes of a buffer with a home: whether it is kept there. If not it is to be freed, and has no home
 * any more. */
bool buffer_pool_keep(TensorBuffer *buffer);

#endif
