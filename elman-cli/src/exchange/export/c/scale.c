
/* What lies beyond the widest scale, or is no number: then the net reads the mean, and it is counted. */
static float net_far(float x, float z, uint32_t *missing)
{
    if (!(x - x >= 0.0f)) {
        ++*missing;
        return 0.0f;
    }
    return z > 0.0f ? NET_FARTHEST : z < 0.0f ? -NET_FARTHEST : 0.0f;
}

/* A raw sample on the scale of training. Every operation is rounded on its own, so every machine computes the same. */
static void net_scale_row(const float *raw, float *row, uint32_t *missing)
{
    const NET_SPACE float *scale = net_scale;
    do {
        const float x = *raw++;
        float z = ((x - scale[0]) - scale[1]) * scale[2];
        scale += 3;
        /* The bits of numbers without a sign are in the order of the numbers, and a NaN is above them all. */
        if (net_bits(z) << 1 > NET_FARTHEST_BITS << 1) {
            z = net_far(x, z, missing);
        }
        *row++ = z;
    } while (scale != net_scale + 3 * NET_COLUMNS);
}
