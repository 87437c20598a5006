/* What the ops of non-maximum suppression share. */
#ifndef SM_OPS_IMAGE_NMS_H_
#define SM_OPS_IMAGE_NMS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What two boxes share, relative to what they cover together; corners (y, x, y, x) in any order. */
float box_overlap(const float a[4], const float b[4]);

/* Before: strictly, whether `a` comes before `b` in the order. */
typedef bool BeforeFn(const void *a, const void *b, const void *arg);

/* Orders as the C++ standard library makes them that TensorFlow is built with (libstdc++): where an op says
 * nothing of equal elements, its answer depends on them. Elements are of `size` bytes, at most
 * ORDER_ELEMENT_MAX. */
enum { ORDER_ELEMENT_MAX = 64 };

/* A queue whose first element, at the front, comes before all others. */
typedef struct Queue {
  char *data; /* room for all elements */
  size_t size, count;
  BeforeFn *before;
  const void *arg;
} Queue;
void queue_push(Queue *q, const void *element);
void queue_pop(Queue *q, void *element);
/* std::sort. */
void order_sort(void *data, size_t count, size_t size, BeforeFn *before, const void *arg);

#endif
