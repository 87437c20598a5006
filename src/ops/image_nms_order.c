/* Priority queue and introsort, element by element as libstdc++ does (image_nms.h). A binary heap with the
 * first element at the front; sort: quicksort by the median of three down to 16 elements, heap sort when that
 * goes wrong, and insertion of what is then nearly in order. */
#include <string.h>

#include "ops/image_nms.h"

typedef struct Order {
  char *data;
  size_t size;
  BeforeFn *before;
  const void *arg;
} Order;

static char *at(const Order *o, size_t i) { return o->data + i * o->size; }
static bool before(const Order *o, const void *a, const void *b) { return o->before(a, b, o->arg); }
static void put(const Order *o, size_t i, const void *element) { memcpy(at(o, i), element, o->size); }

static void swap(const Order *o, size_t i, size_t j) {
  char t[ORDER_ELEMENT_MAX];
  if (i == j) return;
  memcpy(t, at(o, i), o->size);
  put(o, i, at(o, j));
  put(o, j, t);
}

/* ---- heap: `last` is what comes last, at the leaves; the order is turned round for sort ---- */

/* Whether a stands below b. */
static bool below(const Order *o, bool sorting, const void *a, const void *b) {
  return sorting ? before(o, a, b) : before(o, b, a);
}

static void sift_up(const Order *o, bool sorting, size_t hole, size_t top, const void *element) {
  while (hole > top) {
    size_t parent = (hole - 1) / 2;
    if (!below(o, sorting, at(o, parent), element)) break;
    put(o, hole, at(o, parent));
    hole = parent;
  }
  put(o, hole, element);
}

/* Puts an element into the heap of `count` whose top is a hole. */
static void sift_down(const Order *o, bool sorting, size_t hole, size_t count, const void *element) {
  size_t top = hole, child = hole;
  while (count > 1 && child < (count - 1) / 2) {
    child = 2 * (child + 1);
    if (below(o, sorting, at(o, child), at(o, child - 1))) child--;
    put(o, hole, at(o, child));
    hole = child;
  }
  if (count % 2 == 0 && count >= 2 && child == (count - 2) / 2) {
    child = 2 * (child + 1);
    put(o, hole, at(o, child - 1));
    hole = child - 1;
  }
  sift_up(o, sorting, hole, top, element);
}

void queue_push(Queue *q, const void *element) {
  Order o = {q->data, q->size, q->before, q->arg};
  sift_up(&o, false, q->count++, 0, element);
}

void queue_pop(Queue *q, void *element) {
  Order o = {q->data, q->size, q->before, q->arg};
  char last[ORDER_ELEMENT_MAX];
  memcpy(element, q->data, q->size);
  if (--q->count == 0) return;
  memcpy(last, at(&o, q->count), q->size);
  sift_down(&o, false, 0, q->count, last);
}

static void heap_sort(const Order *o, size_t count) {
  char element[ORDER_ELEMENT_MAX];
  for (size_t parent = count / 2; parent-- > 0;) {
    memcpy(element, at(o, parent), o->size);
    sift_down(o, true, parent, count, element);
  }
  for (size_t last = count; last-- > 1;) {
    memcpy(element, at(o, last), o->size);
    put(o, last, at(o, 0));
    sift_down(o, true, 0, last, element);
  }
}

/* ---- sort ---- */

enum { SMALL = 16 };

/* Swaps the median of elements 1, the middle and the last to the front. */
static void median_to_front(const Order *o, size_t count) {
  size_t a = 1, b = count / 2, c = count - 1;
  const char *x = at(o, a), *y = at(o, b), *z = at(o, c);
  if (before(o, x, y)) swap(o, 0, before(o, y, z) ? b : before(o, x, z) ? c : a);
  else swap(o, 0, before(o, x, z) ? a : before(o, y, z) ? c : b);
}

/* Those before the front element to the left; where the right ones begin. The median keeps both loops inside.
 */
static size_t partition(const Order *o, size_t count) {
  size_t first = 1, last = count;
  for (;;) {
    while (first < count && before(o, at(o, first), o->data)) first++;
    do last--;
    while (last > 0 && before(o, o->data, at(o, last)));
    if (first >= last) return first;
    swap(o, first++, last);
  }
}

static void quick_sort(Order o, size_t count, int depth) {
  while (count > SMALL) {
    if (depth-- == 0) {
      heap_sort(&o, count);
      return;
    }
    median_to_front(&o, count);
    size_t cut = partition(&o, count);
    quick_sort((Order){at(&o, cut), o.size, o.before, o.arg}, count - cut, depth);
    count = cut;
  }
}

/* Moves element i down to its place. */
static void insert(const Order *o, size_t i) {
  char element[ORDER_ELEMENT_MAX];
  memcpy(element, at(o, i), o->size);
  for (; i > 0 && before(o, element, at(o, i - 1)); i--) put(o, i, at(o, i - 1));
  put(o, i, element);
}

void order_sort(void *data, size_t count, size_t size, BeforeFn *fn, const void *arg) {
  Order o = {data, size, fn, arg};
  int depth = 0;
  for (size_t n = count; n > 1; n >>= 1) depth += 2;
  quick_sort(o, count, depth);
  for (size_t i = 1; i < count; i++) insert(&o, i);
}
