/* The string hashes that ops promise by value. */
#ifndef SM_OPS_STRING_HASH_H_
#define SM_OPS_STRING_HASH_H_

#include <stddef.h>
#include <stdint.h>

/* FarmHash's Fingerprint64: StringToHashBucketFast, Fingerprint. */
uint64_t fingerprint64(const void *data, size_t size);
/* SipHash-2-4: StringToHashBucketStrong. */
uint64_t siphash24(const uint64_t key[2], const void *data, size_t size);
/* TensorFlow's Hash64 (after MurmurHash64A, seed 0xDECAFCAFFE): StringToHashBucket. */
uint64_t tf_hash64(const void *data, size_t size);

#endif
