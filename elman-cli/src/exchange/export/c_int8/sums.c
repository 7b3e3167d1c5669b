
/* Numbers that rows read: up to end, a multiple of eight of them (in plain C of four); the last may be zeros. */
typedef struct {
    const int16_t *x;
    const int16_t *end;
#ifdef NET_IS_THUMB
    /* -128 times their sum, since weights are 128 more. */
    int32_t offset;
#endif
} net_vector;

static net_vector net_read(const int16_t *x, size_t len)
{
    net_vector v;
    v.x = x;
#ifdef NET_IS_PLAIN
    v.end = x + (len + 3u) / 4u * 4u;
#else
    v.end = x + (len + 7u) / 8u * 8u;
#endif
#ifdef NET_IS_THUMB
    v.offset = 0;
    while (x != v.end) {
        v.offset -= *x++;
    }
    v.offset *= 128;
#endif
    return v;
}

#if defined(NET_IS_PLAIN) || defined(NET_IS_THUMB)
/* The sum of a row, times m / 2^16, rounded down. Small cores have no product of more than 32 bits. */
static inline int32_t net_scaled(int32_t sum, int16_t m)
{
    return (int32_t)(int16_t)(sum >> 16) * m + (((int32_t)(uint16_t)sum * m) >> 16);
}
#endif

static inline void net_biases(const NET_SPACE net_rows *rows, int32_t z[4])
{
    z[0] = rows->bias[0];
    z[1] = rows->bias[1];
    z[2] = rows->bias[2];
    z[3] = rows->bias[3];
}

#if defined(NET_IS_DSP) && defined(NET_ASM)
/* Of two rows 256 times the one and the other, and the other alone: three instructions for four products. */
#define NET_TWO_COLUMNS(x) \
    "ldrd %[ab], %[cd], [%[w]], #8\n" \
    "smlald %[ab_low], %[ab_high], %[ab], %[" x "]\n" \
    "sxtb16 %[ab], %[ab]\n" \
    "smlald %[cd_low], %[cd_high], %[cd], %[" x "]\n" \
    "sxtb16 %[cd], %[cd]\n" \
    "smlad %[b], %[ab], %[" x "], %[b]\n" \
    "smlad %[d], %[cd], %[" x "], %[d]\n"
#elif defined(NET_IS_DSP)
/* Two numbers, of which the first begins a word. */
static inline int16x2_t net_two(const int16_t *x)
{
    int16x2_t two;
    memcpy(&two, x, sizeof two);
    return two;
}

/* Of two rows 256 times the one and the other, and the other alone: three instructions for four products. */
#define NET_TWO_COLUMNS(at) \
    two = net_two(x + 2 * (at)); \
    ab = __smlald((int16x2_t)w[2 * (at)], two, ab); \
    b = __smlad(__sxtb16((int8x4_t)w[2 * (at)]), two, b); \
    cd = __smlald((int16x2_t)w[2 * (at) + 1], two, cd); \
    d = __smlad(__sxtb16((int8x4_t)w[2 * (at) + 1]), two, d)
#endif

#ifdef NET_IS_THUMB
/* Weights of four rows times a column: a load, a product, a sum each. The sums stay where compilers put little. */
#define NET_PRODUCT(at, column, sum) \
    "ldrb %[t], [%[w], #" #at "]\n" \
    "muls %[t], " column ", %[t]\n" \
    "add " sum ", %[t]\n"
#define NET_COLUMN_OF_FOUR(at0, at1, at2, at3, column) \
    NET_PRODUCT(at0, column, "r8") NET_PRODUCT(at1, column, "r9") NET_PRODUCT(at2, column, "r10") NET_PRODUCT(at3, column, "r11")
#define NET_FOUR_COLUMNS(at0, at1, at2, at3, at4, at5, at6, at7, at8, at9, at10, at11, at12, at13, at14, at15) \
    "ldm %[x]!, {r2, r4}\n" \
    "asrs r3, r2, #16\n" \
    "sxth r2, r2\n" \
    "asrs r5, r4, #16\n" \
    "sxth r4, r4\n" \
    NET_COLUMN_OF_FOUR(at0, at1, at2, at3, "r2") NET_COLUMN_OF_FOUR(at4, at5, at6, at7, "r3") \
    NET_COLUMN_OF_FOUR(at8, at9, at10, at11, "r4") NET_COLUMN_OF_FOUR(at12, at13, at14, at15, "r5")
#endif

#if defined(__AVR_HAVE_MUL__) && defined(__GNUC__) && !defined(NET_NO_ASM)
/* Sixteen by eight bits in 14 cycles, where compilers call a product of sixteen by sixteen. */
#define NET_PRODUCT_TO(sum, number, weight) \
    { \
        uint8_t sign; \
        __asm__("mulsu %[w], %A[n]\n" \
                "sbc %[sign], %[sign]\n" \
                "add %A[s], r0\n" \
                "adc %B[s], r1\n" \
                "adc %C[s], %[sign]\n" \
                "adc %D[s], %[sign]\n" \
                "muls %[w], %B[n]\n" \
                "sbc %[sign], %[sign]\n" \
                "add %B[s], r0\n" \
                "adc %C[s], r1\n" \
                "adc %D[s], %[sign]\n" \
                "clr r1\n" \
                : [s] "+r"(sum), [sign] "=&r"(sign) \
                : [w] "a"((int8_t)(weight)), [n] "a"((int16_t)(number)) \
                : "r0"); \
    }
#elif defined(NET_IS_PLAIN)
#define NET_PRODUCT_TO(sum, number, weight) (sum) += (int32_t)(number) * (weight)
#endif

/*
 * Adds to z of four rows the products of their weights with some numbers, summed and scaled; returns where the next
 * weights lie. There are at most 504 numbers and at least one.
 */
static inline const NET_SPACE net_weight *NET_ADD(const NET_SPACE net_weight *w, const NET_SPACE int16_t *m,
                                                  const net_vector *v, int32_t z[4])
{
    const int16_t *x = v->x;
    const int16_t *const end = v->end;
#if defined(NET_IS_MVE)
    int32_t a = 0, b = 0, c = 0, d = 0;
    int32x4_t sums;
#ifdef NET_ASM
    /* By hand, since gcc keeps no address in step with a loop. */
    __asm__ volatile("dls lr, %[blocks]\n"
                     "1:\n"
                     "vldrh.u16 q0, [%[x]], #16\n"
                     "vldrb.s16 q1, [%[w]], #8\n"
                     "vldrb.s16 q2, [%[w]], #8\n"
                     "vmladava.s16 %[a], q0, q1\n"
                     "vldrb.s16 q1, [%[w]], #8\n"
                     "vmladava.s16 %[b], q0, q2\n"
                     "vldrb.s16 q2, [%[w]], #8\n"
                     "vmladava.s16 %[c], q0, q1\n"
                     "vmladava.s16 %[d], q0, q2\n"
                     "le lr, 1b\n"
                     : [x] "+l"(x), [w] "+l"(w), [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d)
                     : [blocks] "r"((uint32_t)(end - x) / 8u)
                     : "lr", "q0", "q1", "q2", "memory");
#else
    do {
        const int16x8_t eight = vldrhq_s16(x);
        a = vmladavaq_s16(a, eight, vldrbq_s16(w));
        b = vmladavaq_s16(b, eight, vldrbq_s16(w + 8));
        c = vmladavaq_s16(c, eight, vldrbq_s16(w + 16));
        d = vmladavaq_s16(d, eight, vldrbq_s16(w + 24));
        x += 8;
        w += 32;
    } while (x != end);
#endif
    sums = vdupq_n_s32(a);
    sums = vsetq_lane_s32(b, sums, 1);
    sums = vsetq_lane_s32(c, sums, 2);
    sums = vsetq_lane_s32(d, sums, 3);
    /* Twice the product with m * 2^15, of which the upper half is taken. */
    sums = vqdmulhq_s32(sums, vshlq_n_s32(vldrhq_s32(m), 15));
    vst1q_s32(z, vaddq_s32(vld1q_s32(z), sums));
#elif defined(NET_IS_DSP)
    int64_t ab = 0, cd = 0;
    int32_t b = 0, d = 0;
#ifdef NET_ASM
    /* By hand, since compilers keep sums of 64 bits badly: 33 instructions for 32 products. */
    uint32_t ab_low = 0, ab_high = 0, cd_low = 0, cd_high = 0, two, more, weights, others;
    __asm__ volatile("1:\n"
                     "ldrd %[two], %[more], [%[x]], #8\n"
                     NET_TWO_COLUMNS("two")
                     NET_TWO_COLUMNS("more")
                     "ldrd %[two], %[more], [%[x]], #8\n"
                     NET_TWO_COLUMNS("two")
                     "ldr %[two], %[end]\n"
                     NET_TWO_COLUMNS("more")
                     "cmp %[x], %[two]\n"
                     "bne 1b\n"
                     : [x] "+r"(x), [w] "+r"(w), [ab_low] "+r"(ab_low), [ab_high] "+r"(ab_high), [b] "+r"(b),
                       [cd_low] "+r"(cd_low), [cd_high] "+r"(cd_high), [d] "+r"(d), [two] "=&r"(two), [more] "=&r"(more),
                       [ab] "=&r"(weights), [cd] "=&r"(others)
                     : [end] "m"(end)
                     : "cc", "memory");
    ab = (int64_t)((uint64_t)ab_high << 32 | ab_low);
    cd = (int64_t)((uint64_t)cd_high << 32 | cd_low);
#else
    do {
        int16x2_t two;
        NET_TWO_COLUMNS(0);
        NET_TWO_COLUMNS(1);
        NET_TWO_COLUMNS(2);
        NET_TWO_COLUMNS(3);
        x += 8;
        w += 8;
    } while (x != end);
#endif
    z[0] = __smlawb((int32_t)((ab - b) >> 8), m[0], z[0]);
    z[1] = __smlawb(b, m[1], z[1]);
    z[2] = __smlawb((int32_t)((cd - d) >> 8), m[2], z[2]);
    z[3] = __smlawb(d, m[3], z[3]);
#else
#ifdef NET_IS_THUMB
    struct {
        const int16_t *end;
        int32_t sums[4];
    } frame;
    void *t = &frame;
    int32_t a, b, c, d;
    frame.end = end;
    /* The upper registers are saved here: optimising for size, gcc does not know that it may use them. */
    __asm__ volatile(".syntax unified\n"
                     "ldr r2, [%[t]]\n"
                     "adds %[t], #4\n"
                     "mov r12, r2\n"
                     "push {%[t]}\n"
                     "mov r2, r8\n"
                     "mov r3, r9\n"
                     "mov r4, r10\n"
                     "mov r5, r11\n"
                     "push {r2, r3, r4, r5}\n"
                     "movs r2, #0\n"
                     "mov r8, r2\n"
                     "mov r9, r2\n"
                     "mov r10, r2\n"
                     "mov r11, r2\n"
                     "1:\n"
                     NET_FOUR_COLUMNS(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
                     NET_FOUR_COLUMNS(16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31)
                     "adds %[w], #32\n"
                     "cmp %[x], r12\n"
                     "bne 1b\n"
                     "mov r2, r8\n"
                     "mov r3, r9\n"
                     "mov r4, r10\n"
                     "mov r5, r11\n"
                     "mov r12, r2\n"
                     "pop {r2}\n"
                     "mov r8, r2\n"
                     "pop {r2}\n"
                     "mov r9, r2\n"
                     "pop {r2}\n"
                     "mov r10, r2\n"
                     "pop {r2}\n"
                     "mov r11, r2\n"
                     "pop {%[t]}\n"
                     "mov r2, r12\n"
                     "stm %[t]!, {r2, r3, r4, r5}\n"
                     : [x] "+l"(x), [w] "+l"(w), [t] "+l"(t)
                     :
                     : "r2", "r3", "r4", "r5", "r12", "cc", "memory");
    a = frame.sums[0] + v->offset;
    b = frame.sums[1] + v->offset;
    c = frame.sums[2] + v->offset;
    d = frame.sums[3] + v->offset;
#else
    const NET_SPACE net_weight *const next = w + (size_t)(end - x + 4) / 8u * 32u;
    int32_t a = 0, b = 0, c = 0, d = 0;
    do {
        size_t i;
        for (i = 0; i < 4u; i++) {
            NET_PRODUCT_TO(a, x[0], w[0]);
            NET_PRODUCT_TO(b, x[0], w[1]);
            NET_PRODUCT_TO(c, x[0], w[2]);
            NET_PRODUCT_TO(d, x[0], w[3]);
            x++;
            w += 4;
        }
    } while (x != end);
    w = next;
#endif
    z[0] += net_scaled(a, m[0]);
    z[1] += net_scaled(b, m[1]);
    z[2] += net_scaled(c, m[2]);
    z[3] += net_scaled(d, m[3]);
#endif
    return w;
}
