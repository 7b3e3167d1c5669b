
/* Some numbers that a product reads. */
typedef struct {
    const float *x;
    size_t len;
} net_part;

/*
 * Adds x times the eight weights that each number meets to eight sums; returns where the next weights lie. Every sum is one
 * chain of multiply-adds in the order of x.
 */
static const NET_SPACE float *net_chain(const NET_SPACE float *w, const float *x, size_t len, float sums[8])
{
    const float *const end = x + len;
#if NET_FUSED && defined(__GNUC__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
    /* By hand, since compilers load weights one by one: 21 instructions for 16 multiply-adds. An odd number comes first. */
    __asm__ volatile("vldmia %[sums], {s0-s7}\n"
                     "tst %[len], #1\n"
                     "beq 1f\n"
                     "vldmia %[x]!, {s16}\n"
                     "vldmia %[w]!, {s8-s15}\n"
                     "vfma.f32 s0, s8, s16\n"
                     "vfma.f32 s1, s9, s16\n"
                     "vfma.f32 s2, s10, s16\n"
                     "vfma.f32 s3, s11, s16\n"
                     "vfma.f32 s4, s12, s16\n"
                     "vfma.f32 s5, s13, s16\n"
                     "vfma.f32 s6, s14, s16\n"
                     "vfma.f32 s7, s15, s16\n"
                     "1:\n"
                     "cmp %[x], %[end]\n"
                     "beq 3f\n"
                     "2:\n"
                     "vldmia %[x]!, {s16-s17}\n"
                     "vldmia %[w]!, {s8-s15}\n"
                     "vfma.f32 s0, s8, s16\n"
                     "vfma.f32 s1, s9, s16\n"
                     "vfma.f32 s2, s10, s16\n"
                     "vfma.f32 s3, s11, s16\n"
                     "vfma.f32 s4, s12, s16\n"
                     "vfma.f32 s5, s13, s16\n"
                     "vfma.f32 s6, s14, s16\n"
                     "vfma.f32 s7, s15, s16\n"
                     "vldmia %[w]!, {s8-s15}\n"
                     "cmp %[x], %[end]\n"
                     "vfma.f32 s0, s8, s17\n"
                     "vfma.f32 s1, s9, s17\n"
                     "vfma.f32 s2, s10, s17\n"
                     "vfma.f32 s3, s11, s17\n"
                     "vfma.f32 s4, s12, s17\n"
                     "vfma.f32 s5, s13, s17\n"
                     "vfma.f32 s6, s14, s17\n"
                     "vfma.f32 s7, s15, s17\n"
                     "bne 2b\n"
                     "3:\n"
                     "vstmia %[sums], {s0-s7}\n"
                     : [x] "+r"(x), [w] "+r"(w)
                     : [sums] "r"(sums), [end] "r"(end), [len] "r"(len)
                     : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15",
                       "s16", "s17", "cc", "memory");
#else
    float s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    float s4 = sums[4], s5 = sums[5], s6 = sums[6], s7 = sums[7];
    while (x != end) {
        const float a = *x++;
        s0 = NET_FMA(a, w[0], s0);
        s1 = NET_FMA(a, w[1], s1);
        s2 = NET_FMA(a, w[2], s2);
        s3 = NET_FMA(a, w[3], s3);
        s4 = NET_FMA(a, w[4], s4);
        s5 = NET_FMA(a, w[5], s5);
        s6 = NET_FMA(a, w[6], s6);
        s7 = NET_FMA(a, w[7], s7);
        w += 8;
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    sums[4] = s4;
    sums[5] = s5;
    sums[6] = s6;
    sums[7] = s7;
#endif
    return w;
}

/* The sums of one panel: biases, then for each number of x, which lies in parts, the eight weights that it meets. */
static const NET_SPACE float *net_sums(const NET_SPACE float *w, const net_part *parts, size_t count, float sums[8])
{
    size_t part;
    NET_LOAD(sums, w, 8 * sizeof *sums);
    w += 8;
    for (part = 0; part < count; part++) {
        w = net_chain(w, parts[part].x, parts[part].len, sums);
    }
    return w;
}
