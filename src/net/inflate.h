/* Decompression of whole messages that strangers sent, with a limit on what they grow to. */
#ifndef SM_NET_INFLATE_H_
#define SM_NET_INFLATE_H_

#include "base/bytes.h"

typedef enum InflateFormat { INFLATE_GZIP, INFLATE_ZLIB } InflateFormat;
typedef enum InflateResult {
  INFLATE_OK,
  INFLATE_CORRUPT,
  INFLATE_TOO_LARGE,
  INFLATE_NO_MEMORY
} InflateResult;

/* Appends the plain bytes of `packed` to `out`, at most `max`. Memory grows with the bytes that come
 * out, not with what a header says. */
InflateResult inflate_all(Span packed, InflateFormat format, size_t max, Bytes *out);

#endif
