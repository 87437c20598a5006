/* Runs copy plans: the two innermost loops by a routine for the element's size, the others by counting.
 *
 * array_copy_finish leaves the destination in order (its steps fall from outer to inner) but for one thing:
 * the loop in which the source is contiguous is moved next to the innermost one. A transposition is then two
 * loops with crossed unit steps, done in square tiles so that both sides stay in the cache. */
#include "ops/array_copy.h"

#include <string.h>

#include "base/compiler.h"
#include "base/parallel.h"

enum {
  COPY_GRAIN_BYTES = 128 * 1024, /* less than this is not worth a second thread */
  COPY_TILE = 16,                /* 16 elements of 4 bytes: a cache line */
};

void array_strides(const int64_t *dims, int rank, int64_t *strides) {
  int64_t step = 1;
  for (int i = rank - 1; i >= 0; i--) {
    strides[i] = step;
    step *= dims[i];
  }
}

void array_copy_loop(ArrayCopy *p, int64_t count, int64_t src, int64_t dst) {
  p->loops[p->rank++] = (ArrayLoop){count, src, dst};
}

/* Drops loops of one step and joins neighbours that walk on in both arrays. */
static void join_loops(ArrayCopy *p) {
  int n = 0;
  for (int i = 0; i < p->rank; i++) {
    ArrayLoop l = p->loops[i];
    if (l.count == 1) continue;
    ArrayLoop *outer = n ? &p->loops[n - 1] : NULL;
    if (outer && outer->src == l.src * l.count && outer->dst == l.dst * l.count)
      *outer = (ArrayLoop){outer->count * l.count, l.src, l.dst};
    else p->loops[n++] = l;
  }
  p->rank = n;
}

void array_copy_finish(ArrayCopy *p) {
  for (int i = 0; i < p->rank; i++) {
    if (p->loops[i].count > 0) continue;
    p->loops[0].count = 0;
    p->rank = 1;
    return;
  }
  for (int i = 1; i < p->rank; i++) /* by the destination's steps, largest first; stable */
    for (int j = i; j > 0 && p->loops[j].dst > p->loops[j - 1].dst; j--) {
      ArrayLoop t = p->loops[j];
      p->loops[j] = p->loops[j - 1];
      p->loops[j - 1] = t;
    }
  join_loops(p);
  int unit = -1;
  for (int i = 0; i < p->rank - 1; i++)
    if (p->loops[i].src == 1) unit = i;
  if (unit < 0 || p->loops[p->rank - 1].src == 1) return;
  ArrayLoop l = p->loops[unit];
  memmove(&p->loops[unit], &p->loops[unit + 1], (size_t)(p->rank - 2 - unit) * sizeof l);
  p->loops[p->rank - 2] = l;
}

typedef struct Item16 {
  uint64_t a, b;
} Item16;

/* One routine a size of element: `rows` x `n` elements. */
#define DEFINE_COPY2(T)                                                                                   \
  static void copy2_##T(char *dst_bytes, const char *src_bytes, int64_t rows, ArrayLoop r, ArrayLoop c) { \
    T *SM_RESTRICT dst = (T *)dst_bytes;                                                                  \
    const T *SM_RESTRICT src = (const T *)src_bytes;                                                      \
    if (r.src == 1 && c.dst == 1 && c.src != 0 && rows > 1) {                                             \
      for (int64_t i = 0; i < rows; i += COPY_TILE)                                                       \
        for (int64_t j = 0; j < c.count; j += COPY_TILE) {                                                \
          int64_t i_end = i + COPY_TILE < rows ? i + COPY_TILE : rows;                                    \
          int64_t j_end = j + COPY_TILE < c.count ? j + COPY_TILE : c.count;                              \
          for (int64_t y = i; y < i_end; y++)                                                             \
            for (int64_t x = j; x < j_end; x++) dst[y * r.dst + x] = src[y + x * c.src];                  \
        }                                                                                                 \
      return;                                                                                             \
    }                                                                                                     \
    for (int64_t y = 0; y < rows; y++) {                                                                  \
      T *d = dst + y * r.dst;                                                                             \
      const T *s = src + y * r.src;                                                                       \
      if (c.dst == 1 && c.src == 1) memcpy(d, s, (size_t)c.count * sizeof(T));                            \
      else if (c.dst == 1 && c.src == 0) {                                                                \
        T v = *s;                                                                                         \
        for (int64_t x = 0; x < c.count; x++) d[x] = v;                                                   \
      } else                                                                                              \
        for (int64_t x = 0; x < c.count; x++) d[x * c.dst] = s[x * c.src];                                \
    }                                                                                                     \
  }
DEFINE_COPY2(uint8_t)
DEFINE_COPY2(uint16_t)
DEFINE_COPY2(uint32_t)
DEFINE_COPY2(uint64_t)
DEFINE_COPY2(Item16)

typedef struct CopyJob {
  const ArrayCopy *plan;
  ArrayLoop row, column;
  int outer; /* loops around these two */
  size_t item;
  void (*copy2)(char *dst, const char *src, int64_t rows, ArrayLoop r, ArrayLoop c);
  char *dst;
  const char *src;
} CopyJob;

/* Copies rows [begin, end), counted over the outer loops and the row loop. */
static void copy_rows(void *arg, int64_t begin, int64_t end) {
  const CopyJob *job = arg;
  for (int64_t at = begin; at < end;) {
    int64_t block = at / job->row.count, first = at % job->row.count;
    int64_t rows = job->row.count - first < end - at ? job->row.count - first : end - at;
    int64_t src = job->plan->src_at + first * job->row.src, dst = job->plan->dst_at + first * job->row.dst;
    for (int i = job->outer - 1; i >= 0; i--) {
      const ArrayLoop *l = &job->plan->loops[i];
      int64_t k = block % l->count;
      block /= l->count;
      src += k * l->src;
      dst += k * l->dst;
    }
    job->copy2(job->dst + dst * (int64_t)job->item, job->src + src * (int64_t)job->item, rows, job->row,
               job->column);
    at += rows;
  }
}

/* Strings and objects: element by element, or run by run. */
static TF_Code copy_elements(const ArrayCopy *p, int depth, TF_DataType dtype, char *dst, const char *src,
                             TF_Status *st) {
  int64_t item = (int64_t)dtype_size(dtype);
  if (depth == p->rank) return elements_copy(dtype, dst, src, 1, st);
  const ArrayLoop *l = &p->loops[depth];
  if (depth == p->rank - 1 && l->src == 1 && l->dst == 1) return elements_copy(dtype, dst, src, l->count, st);
  for (int64_t i = 0; i < l->count; i++)
    TRY(copy_elements(p, depth + 1, dtype, dst + i * l->dst * item, src + i * l->src * item, st));
  return TF_OK;
}

TF_Code array_copy_run(const ArrayCopy *p, TF_DataType dtype, void *dst, const void *src, int threads,
                       TF_Status *st) {
  CopyJob job =
      {.plan = p, .item = dtype_size(dtype), .dst = dst, .src = src, .row = {1, 0, 0}, .column = {1, 1, 1}};
  if (p->rank && p->loops[0].count == 0) return TF_OK;
  if (dtype_is_object(dtype))
    return copy_elements(p, 0, dtype, job.dst + p->dst_at * (int64_t)job.item,
                         job.src + p->src_at * (int64_t)job.item, st);
  switch (job.item) {
    case 1: job.copy2 = copy2_uint8_t; break;
    case 2: job.copy2 = copy2_uint16_t; break;
    case 4: job.copy2 = copy2_uint32_t; break;
    case 8: job.copy2 = copy2_uint64_t; break;
    case 16: job.copy2 = copy2_Item16; break;
    default: return fail(st, TF_INTERNAL, "elements of %zu bytes cannot be copied", job.item);
  }
  if (p->rank >= 1) job.column = p->loops[p->rank - 1];
  if (p->rank >= 2) job.row = p->loops[p->rank - 2];
  job.outer = p->rank > 2 ? p->rank - 2 : 0;
  int64_t rows = job.row.count;
  for (int i = 0; i < job.outer; i++) rows *= p->loops[i].count;
  if (p->rank == 1 && job.column.src == 1 && job.column.dst == 1 && job.column.count > COPY_GRAIN_BYTES) {
    /* One long run: cut it into rows so that threads can share it. */
    job.row = (ArrayLoop){job.column.count / 4096, 4096, 4096};
    job.column.count = 4096;
    rows = job.row.count;
    int64_t done = rows * 4096, left = p->loops[0].count - done;
    memcpy(job.dst + (p->dst_at + done) * (int64_t)job.item, job.src + (p->src_at + done) * (int64_t)job.item,
           (size_t)left * job.item);
  }
  int64_t row_bytes = job.column.count * (int64_t)job.item;
  int64_t grain = row_bytes >= COPY_GRAIN_BYTES ? 1 : COPY_GRAIN_BYTES / row_bytes;
  parallel_for(threads, rows, grain, copy_rows, &job);
  return TF_OK;
}
