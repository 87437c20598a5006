/* Matrix product of floats in cache: B's rows are read as they lie, A's elements broadcast, a block of C
 * stays in registers. No packing and no set-up, which is what small products need. */
#include "simd/simd.h"

/* Registers: rows x vecs accumulators, vecs of B, one of A. */
#if VFN == 16
enum { GEMM_ROWS = 8, GEMM_VECS = 3 };
#elif VFN == 8
enum { GEMM_ROWS = 4, GEMM_VECS = 3 };
#else
enum { GEMM_ROWS = 4, GEMM_VECS = 4 };
#endif

/* ROWS x (VECS vectors) of C at row i, column j; with `tail` lanes in the last vector (0: all). */
VINL void gemm_tile(const GemmF32 *g, int64_t i, int64_t j, const int rows, const int vecs, int64_t tail) {
  VF acc[GEMM_ROWS][GEMM_VECS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vecs; v++) acc[r][v] = vf_set(0.0f);
  const float *a = g->a + i * g->a_row, *b = g->b + j;
  for (int64_t p = 0; p < g->k; p++, a += g->a_col, b += g->b_row) {
    VF bv[GEMM_VECS];
    for (int v = 0; v < vecs; v++)
      bv[v] = v == vecs - 1 && tail ? vf_load_n(b + v * VFN, tail) : vf_load(b + v * VFN);
    for (int r = 0; r < rows; r++) {
      VF av = vf_set(a[r * g->a_row]);
      for (int v = 0; v < vecs; v++) acc[r][v] = vf_fma(av, bv[v], acc[r][v]);
    }
  }
  for (int r = 0; r < rows; r++) {
    float *c = g->c + (i + r) * g->c_row + j;
    for (int v = 0; v < vecs; v++) {
      if (v == vecs - 1 && tail) vf_store_n(c + v * VFN, acc[r][v], tail);
      else vf_store(c + v * VFN, acc[r][v]);
    }
  }
}

/* A column block of all rows. */
VINL void gemm_columns(const GemmF32 *g, int64_t j, const int vecs, int64_t tail) {
  int64_t i = 0;
  for (; i + GEMM_ROWS <= g->m; i += GEMM_ROWS) gemm_tile(g, i, j, GEMM_ROWS, vecs, tail);
  if (GEMM_ROWS > 4 && i + 4 <= g->m) {
    gemm_tile(g, i, j, 4, vecs, tail);
    i += 4;
  }
  if (i + 2 <= g->m) {
    gemm_tile(g, i, j, 2, vecs, tail);
    i += 2;
  }
  if (i < g->m) gemm_tile(g, i, j, 1, vecs, tail);
}

/* n columns of a single row from `count` (at most 8) rows of B: c = (first ? 0 : c) + sum of a[r] b[r]. */
VINL void gemm_row_step(float *c, const float *a, int64_t a_col, const float *b, int64_t b_row, int64_t n,
                        const int count, int first) {
  VF av[8];
  for (int r = 0; r < count; r++) av[r] = vf_set(a[r * a_col]);
  int64_t j = 0;
  for (; j + VFN <= n; j += VFN) {
    VF s0 = first ? vf_set(0.0f) : vf_load(c + j), s1 = vf_set(0.0f);
    for (int r = 0; r < count; r += 2) {
      s0 = vf_fma(av[r], vf_load(b + r * b_row + j), s0);
      if (r + 1 < count) s1 = vf_fma(av[r + 1], vf_load(b + (r + 1) * b_row + j), s1);
    }
    vf_store(c + j, vf_add(s0, s1));
  }
  if (j < n) {
    int64_t k = n - j;
    VF s = first ? vf_set(0.0f) : vf_load_n(c + j, k);
    for (int r = 0; r < count; r++) s = vf_fma(av[r], vf_load_n(b + r * b_row + j, k), s);
    vf_store_n(c + j, s, k);
  }
}

/* One row: B is read once, in the order of memory. */
static void gemm_row(const GemmF32 *g) {
  const float *a = g->a, *b = g->b;
  int64_t p = 0;
  for (; p + 8 <= g->k; p += 8, a += 8 * g->a_col, b += 8 * g->b_row)
    gemm_row_step(g->c, a, g->a_col, b, g->b_row, g->n, 8, p == 0);
  for (; p < g->k; p++, a += g->a_col, b += g->b_row)
    gemm_row_step(g->c, a, g->a_col, b, g->b_row, g->n, 1, p == 0);
}

static void gemm_f32(const GemmF32 *g) {
  if (g->m == 1 && g->n > 4 * VFN && g->k > 0) {
    gemm_row(g);
    return;
  }
  int64_t j = 0;
  for (; j + GEMM_VECS * VFN <= g->n; j += GEMM_VECS * VFN) gemm_columns(g, j, GEMM_VECS, 0);
  for (; j + VFN <= g->n; j += VFN) gemm_columns(g, j, 1, 0);
  if (j < g->n) gemm_columns(g, j, 1, g->n - j);
}
