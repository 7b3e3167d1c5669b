
#if (-1 >> 1) != -1
#error "this file counts on right shifts that keep the sign"
#endif

/*
 * How weights lie and which instructions sum them up: those of Helium (Cortex-M55, M85), of the DSP extension (Cortex-M4,
 * M7, M33), of the 16-bit cores (Cortex-M0, M0+), or what the compiler makes of plain C. NET_PLAIN asks for plain C,
 * NET_NO_ASM for C without assembly. Sums are whole numbers, so every way gives the same. A block is eight columns of four
 * rows: a, b, c, d.
 */
#if defined(NET_PLAIN) || defined(__ARM_BIG_ENDIAN)
#define NET_IS_PLAIN
#elif defined(__ARM_FEATURE_MVE) && defined(__ARM_FEATURE_DSP)
#define NET_IS_MVE
#elif defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32)
#define NET_IS_DSP
#elif defined(__GNUC__) && defined(__thumb__) && !defined(__thumb2__) && !defined(NET_NO_ASM)
#define NET_IS_THUMB
#else
#define NET_IS_PLAIN
#endif

#if defined(__GNUC__) && defined(__OPTIMIZE__) && defined(__thumb2__) && !defined(NET_NO_ASM)
#define NET_ASM
#endif

#if defined(NET_IS_MVE)
#include <arm_acle.h>
#include <arm_mve.h>
typedef int8_t net_weight;
#define NET_BLOCK_LEN 32
#define NET_BLOCK(a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, \
                  c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7) \
    a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, \
    c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7
#elif defined(NET_IS_DSP)
#include <arm_acle.h>
/* Two columns of two rows: a half of a word is 256 times the weight of the one row and that of the other. */
typedef uint32_t net_weight;
#define NET_BLOCK_LEN 8
#define NET_HALF(a, b) ((uint32_t)((a) * 256 + (b)) & 0xFFFFu)
#define NET_WORD(a0, a1, b0, b1) (NET_HALF(a0, b0) | NET_HALF(a1, b1) << 16)
#define NET_BLOCK(a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, \
                  c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7) \
    NET_WORD(a0, a1, b0, b1), NET_WORD(c0, c1, d0, d1), NET_WORD(a2, a3, b2, b3), NET_WORD(c2, c3, d2, d3), \
    NET_WORD(a4, a5, b4, b5), NET_WORD(c4, c5, d4, d5), NET_WORD(a6, a7, b6, b7), NET_WORD(c6, c7, d6, d7)
#else
/* Column by column. A 16-bit core loads bytes without a sign in one instruction: there weights are 128 more. */
#ifdef NET_IS_THUMB
typedef uint8_t net_weight;
#define NET_BYTE(w) ((w) + 128)
#else
typedef int8_t net_weight;
#define NET_BYTE(w) (w)
#endif
#define NET_BLOCK_LEN 32
#define NET_COLUMN(a, b, c, d) NET_BYTE(a), NET_BYTE(b), NET_BYTE(c), NET_BYTE(d)
#define NET_BLOCK(a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, \
                  c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7) \
    NET_COLUMN(a0, b0, c0, d0), NET_COLUMN(a1, b1, c1, d1), NET_COLUMN(a2, b2, c2, d2), NET_COLUMN(a3, b3, c3, d3), \
    NET_COLUMN(a4, b4, c4, d4), NET_COLUMN(a5, b5, c5, d5), NET_COLUMN(a6, b6, c6, d6), NET_COLUMN(a7, b7, c7, d7)
#endif

/* Four rows: biases, and what their sums over inputs and over the state are multiplied by, in units of 2^-16. */
typedef struct {
    int32_t bias[4];
    int16_t in[4];
    int16_t rec[4];
} net_rows;
