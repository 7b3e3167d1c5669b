/* a * b + c, rounded once where the chip can do that: then every bit is that of elman-core. */
#if defined(__FP_FAST_FMAF) || defined(__ARM_FEATURE_FMA) || defined(__FMA__) || defined(__aarch64__) || \
    defined(__riscv_flen)
#define NET_FUSED 1
#if defined(__clang__) && !defined(__NO_MATH_ERRNO__)
/* On bare metal __builtin_fmaf is a call of libm's here, which might set errno; the instruction never does. */
#if __has_builtin(__builtin_elementwise_fma)
#define NET_FMA(a, b, c) __builtin_elementwise_fma((float)(a), (float)(b), (float)(c))
#elif defined(__arm__) || defined(__aarch64__) || defined(__riscv)
static inline __attribute__((unused)) float net_fused(float a, float b, float c)
{
#if defined(__arm__)
    __asm__("vfma.f32 %0, %1, %2" : "+t"(c) : "t"(a), "t"(b));
#elif defined(__aarch64__)
    __asm__("fmadd %s0, %s1, %s2, %s0" : "+w"(c) : "w"(a), "w"(b));
#else
    __asm__("fmadd.s %0, %1, %2, %0" : "+f"(c) : "f"(a), "f"(b));
#endif
    return c;
}
#define NET_FMA(a, b, c) net_fused((a), (b), (c))
#elif defined(__gnu_linux__) || defined(_WIN32)
#define NET_FMA(a, b, c) __builtin_fmaf((a), (b), (c))
#else
#error "clang: compile this file with -fno-math-errno, so that a multiply-add is an instruction and no call"
#endif
#elif defined(__GNUC__)
#define NET_FMA(a, b, c) __builtin_fmaf((a), (b), (c))
#else
#include <math.h>
#define NET_FMA(a, b, c) fmaf((a), (b), (c))
#endif
#else
#define NET_FUSED 0
#define NET_FMA(a, b, c) ((a) * (b) + (c))
#endif
