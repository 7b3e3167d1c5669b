
/* One direction of a layer over all steps: rows (steps, width) to its part of rows (steps, stride). */
static void net_layer(const NET_SPACE float *w, const float *rows, size_t width, size_t steps, int reverse, const float *start,
                      size_t hidden, net_cell cell, float *c, float *to, size_t stride)
{
    net_part parts[2];
    size_t i;
    parts[0].len = width;
    parts[1].x = start;
    parts[1].len = hidden;
    for (i = 0; i < steps; i++) {
        const size_t t = reverse ? steps - 1 - i : i;
        float *const h = to + t * stride;
        parts[0].x = rows + t * width;
        cell(w, parts, 1, h, c);
        parts[1].x = h;
    }
}
