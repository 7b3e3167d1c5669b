
/* One direction of the first layer over all steps: windows of ids to its part of rows (steps, stride). */
static void net_windows(const NET_SPACE float *w, const uint32_t *ids, size_t steps, int reverse, const float *start,
                        size_t hidden, net_cell cell, float *c, float *to, size_t stride)
{
    net_part parts[NET_WINDOW * NET_CHANNELS + 1];
    net_part *const before = parts + NET_WINDOW * NET_CHANNELS;
    float room[NET_ROOM];
    size_t i, k;
    before->x = start;
    before->len = hidden;
    for (i = 0; i < steps; i++) {
        const size_t t = reverse ? steps - 1 - i : i;
        float *const h = to + t * stride;
        for (k = 0; k < NET_WINDOW; k++) {
            /* Steps outside the sequence read the padding row. */
            const size_t ahead = t + k + 1;
            const int inside = ahead > NET_WINDOW / 2 && ahead - NET_WINDOW / 2 <= steps;
            const uint32_t *const row = inside ? ids + (ahead - NET_WINDOW / 2 - 1) * NET_CHANNELS : net_vocabularies;
            net_embed(row, parts + k * NET_CHANNELS, room + k * (NET_ROOM / NET_WINDOW));
        }
        cell(w, parts, NET_WINDOW * NET_CHANNELS, h, c);
        before->x = h;
    }
}
