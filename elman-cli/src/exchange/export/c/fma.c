#ifdef __FAST_MATH__
#error "compile this file without -ffast-math: it counts on every operation being done as written"
#endif

/* a * b + c, rounded once where the chip can do that: then every bit is that of elman-core. */
#if defined(__FP_FAST_FMAF) || defined(__ARM_FEATURE_FMA) || defined(__FMA__) || defined(__aarch64__) || \
    defined(__riscv_flen)
#define NET_FUSED 1
#if defined(__GNUC__)
#define NET_FMA(a, b, c) __builtin_fmaf((a), (b), (c))
#else
#include <math.h>
#define NET_FMA(a, b, c) fmaf((a), (b), (c))
#endif
#else
#define NET_FUSED 0
#define NET_FMA(a, b, c) ((a) * (b) + (c))
#endif
