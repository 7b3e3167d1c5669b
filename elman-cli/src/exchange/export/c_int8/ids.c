
/* Whether the net knows all ids of a row. */
static int net_knows(const uint32_t *ids)
{
    size_t c;
    for (c = 0; c < NET_CHANNELS; c++) {
        if (ids[c] > net_vocabularies[c]) {
            return 0;
        }
    }
    return 1;
}

/* The embeddings of a row of ids, one after the other; returns where the next begin. A null reads the rows of padding. */
static int16_t *net_embed(const uint32_t *ids, int16_t *x)
{
    size_t c;
    for (c = 0; c < NET_CHANNELS; c++) {
        const size_t id = ids != 0 ? ids[c] : net_vocabularies[c];
        const size_t width = net_widths[c];
        const NET_SPACE int8_t *e = net_embeddings + net_offsets[c] + id * width;
        const int32_t m = net_multipliers[net_firsts[c] + id];
        size_t i;
        for (i = 0; i < width; i++) {
            *x++ = (int16_t)((e[i] * m + 64) >> 7);
        }
    }
    return x;
}
