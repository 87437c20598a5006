/* WAV files of 16-bit samples. */
#ifndef SM_OPS_AUDIO_WAV_H_
#define SM_OPS_AUDIO_WAV_H_

#include "base/bytes.h"

/* Appends a RIFF file of frames * channels samples in [-1, 1] (beyond: clipped; NaN: 0). TF_INVALID_ARGUMENT
 * when the file would pass 4 GB or a number is not positive. */
TF_Code wav_encode(Bytes *out, const float *samples, int64_t frames, int64_t channels, int64_t rate,
                   TF_Status *st);

#endif
