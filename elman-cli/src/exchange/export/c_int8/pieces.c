
/* The same for any number of them: 504 at a time, so that no sum overflows. */
static const NET_SPACE net_weight *net_add(const NET_SPACE net_weight *w, const NET_SPACE int16_t *m, const net_vector *v,
                                           int32_t z[4])
{
    const int16_t *x = v->x;
    while (x != v->end) {
        const size_t left = (size_t)(v->end - x), len = left < 504u ? left : 504u;
        const net_vector piece = net_read(x, len);
        w = net_add_piece(w, m, &piece, z);
        x += len;
    }
    return w;
}
