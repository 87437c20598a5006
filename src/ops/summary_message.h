/* The bytes of a Summary message (tensorflow/core/framework/summary.proto), written field by field.
 *
 *   Summary        1 value (Summary.Value)
 *   Value          1 tag, 2 simple_value, 4 image, 5 histo, 6 audio, 7 node_name, 8 tensor, 9 metadata
 *   Image          1 height, 2 width, 3 colorspace, 4 encoded_image_string
 *   HistogramProto 1 min, 2 max, 3 num, 4 sum, 5 sum_squares, 6 bucket_limit, 7 bucket
 *   Audio          1 sample_rate, 2 num_channels, 3 length_frames, 4 encoded_audio_string, 5 content_type */
#ifndef SM_OPS_SUMMARY_MESSAGE_H_
#define SM_OPS_SUMMARY_MESSAGE_H_

#include "base/bytes.h"
#include "ops/op.h"

/* Fields. Numbers that are zero in all bits are left out where that is the default. */
void summary_put_bytes(Bytes *b, int field, const void *data, size_t size);
void summary_put_message(Bytes *b, int field, const Bytes *m);
void summary_put_text(Bytes *b, int field, Span s); /* not when empty */
void summary_put_int(Bytes *b, int field, int64_t v);
void summary_put_fixed32(Bytes *b, int field, float v); /* always */
void summary_put_double(Bytes *b, int field, double v);
void summary_put_raw_double(Bytes *b, double v); /* of a packed list */
/* The node's output becomes the summary in `b`, which is freed, unless `code` says that it failed. */
TF_Code summary_finish(OpCtx *c, Bytes *b, TF_Code code, TF_Status *st);

#endif
