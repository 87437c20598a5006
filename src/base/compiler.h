/* Compiler attributes, in one place; all other code is plain C17. */
#ifndef SM_BASE_COMPILER_H_
#define SM_BASE_COMPILER_H_

#define SM_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SM_UNUSED __attribute__((unused))
#define SM_NODISCARD __attribute__((warn_unused_result))
#define SM_NOINLINE __attribute__((noinline))
#define SM_ALWAYS_INLINE inline __attribute__((always_inline))
#define SM_RESTRICT __restrict__
#define SM_LIKELY(x) __builtin_expect(!!(x), 1)
#define SM_UNLIKELY(x) __builtin_expect(!!(x), 0)
/* Compiles one function for more than the build's CPU level; call it only after asking the CPU. */
#define SM_TARGET(level) __attribute__((target(level)))
#define SM_ALIGNED(n) __attribute__((aligned(n)))
/* Before a loop: its iterations don't depend on each other, though the compiler can't see it. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* what it can't vectorise it may leave */
#define SM_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define SM_IVDEP _Pragma("GCC ivdep")
#endif
#define SM_COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

#endif
