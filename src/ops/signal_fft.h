/* The transform of one line of reals, for ops other than the FFTs (ops/signal_fft.c). */
#ifndef SM_OPS_SIGNAL_FFT_H_
#define SM_OPS_SIGNAL_FFT_H_

#include <stddef.h>
#include <stdint.h>

typedef struct RealFft RealFft;

enum { REAL_FFT_MAX = 1 << 28 };

/* Of an even length up to REAL_FFT_MAX; null when memory is out. */
RealFft *real_fft_new(int64_t n);
void real_fft_free(RealFft *f);
/* Bytes of the buffer that a run wants. */
size_t real_fft_buffer(const RealFft *f);
/* `in` has n numbers, `out` n / 2 + 1 pairs of real and imaginary part. */
void real_fft_run(const RealFft *f, const double *in, double *out, void *buffer);

#endif
