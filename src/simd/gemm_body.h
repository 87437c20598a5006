/* Matrix product of floats in cache: B's rows are read as they lie, A's elements broadcast, a block of C stays in
 * registers. No packing and no set-up, which is what small products need. */
#include "simd/simd.h"

/* Registers: GEMM_ROWS x GEMM_VECS accumulators, GEMM_VECS of B, one of A. */
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
  for (; i + 2 <= g->m; i += 2) gemm_tile(g, i, j, 2, vecs, tail);
  if (i < g->m) gemm_tile(g, i, j, 1, vecs, tail);
}

static void gemm_f32(const GemmF32 *g) {
  int64_t j = 0;
  for (; j + GEMM_VECS * VFN <= g->n; j += GEMM_VECS * VFN) gemm_columns(g, j, GEMM_VECS, 0);
  for (; j + VFN <= g->n; j += VFN) gemm_columns(g, j, 1, 0);
  if (j < g->n) gemm_columns(g, j, 1, g->n - j);
}
