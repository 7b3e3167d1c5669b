
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

/* The embeddings of a row of ids, one part per channel. */
static void net_embed(const uint32_t *ids, net_part *parts)
{
    size_t c;
    for (c = 0; c < NET_CHANNELS; c++) {
        parts[c].x = net_embeddings + net_offsets[c] + ids[c] * net_widths[c];
        parts[c].len = net_widths[c];
    }
}
