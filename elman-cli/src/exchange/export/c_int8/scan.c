
/* Where a layer of a sequence reads: from inputs, each row made into a vector, or from the rows of the layer below. */
typedef struct {
    INPUT_FIELDS
    size_t steps;
    int16_t *row;
    const int16_t *below;
    size_t stride;
    size_t len;
} net_source;

/* What step t reads. */
static net_vector net_at(const net_source *source, size_t t)
{
    if (source->below != NULL) {
        return net_read(source->below + t * source->stride, source->len);
    }
LOAD
    return net_read(source->row, source->len);
}

/* One direction of a layer over all steps, to its part of rows (steps, stride). */
static void net_scan(net_cell cell, const net_source *source, int reverse, const int16_t *start, size_t hidden, int16_t *c,
                     int16_t *to, size_t stride)
{
    const int16_t *before = start;
    size_t i;
    for (i = 0; i < source->steps; i++) {
        const size_t t = reverse ? source->steps - 1u - i : i;
        const net_vector x = net_at(source, t), old = net_read(before, hidden);
        int16_t *const h = to + t * stride;
        memset(h, 0, (hidden + 7u) / 8u * 8u * sizeof *h);
        cell(&x, &old, h, c);
        before = h;
    }
}
