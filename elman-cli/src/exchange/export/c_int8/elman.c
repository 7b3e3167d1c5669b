
/* A step of a layer: h = ACTIVATION(bias + W_in * x + W_rec * h before), four units at a time. */
static void net_layer_ACTIVATION(const NET_SPACE net_weight *w, const NET_SPACE net_rows *rows, size_t fours, int shift,
                                 const net_vector *x, const net_vector *before, int16_t *h)
{
    while (fours > 0) {
        int32_t z[4];
        net_biases(rows, z);
        w = net_add(w, rows->in, x, z);
        w = net_add(w, rows->rec, before, z);
        net_ACTIVATION_four(z, shift, h);
        rows++;
        h += 4;
        fours--;
    }
}
