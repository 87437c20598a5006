/* CRC32C (Castagnoli), as checkpoints and TFRecord files use it. Any thread.
 *
 *   uint32_t crc = crc32c(data, n);                  the checksum of n bytes; of nothing it is 0
 *   crc = crc32c_extend(crc, more, m);               as if both had been one run of n + m bytes
 *   crc32c_combine(crc_a, crc_b, size_b)             the checksum of a followed by b
 *
 * Files hold it masked, since a checksum of bytes that hold checksums is weak. */
#ifndef SM_BASE_CRC32C_H_
#define SM_BASE_CRC32C_H_

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t size);
static inline uint32_t crc32c(const void *data, size_t size) { return crc32c_extend(0, data, size); }

/* The checksum of a run of bytes from those of its two parts, so that parts can be summed in parallel.
 * Takes a few hundred nanoseconds, whatever the size. */
uint32_t crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t size_b);

static inline uint32_t crc32c_mask(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }
static inline uint32_t crc32c_unmask(uint32_t masked) {
  uint32_t rot = masked - 0xa282ead8u;
  return (rot >> 17) | (rot << 15);
}

/* The implementation without special instructions; for tests and other machines. */
uint32_t crc32c_extend_portable(uint32_t crc, const void *data, size_t size);

#endif
