
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

/* The embeddings of a row of ids, one part per channel: as they lie, or on an AVR, whose flash no other pointer reaches, copied into room. */
#if defined(__AVR__) && defined(__FLASH)
#define NET_ROOM (NET_WINDOW * NET_EMBEDDED)
#else
#define NET_ROOM 1
#endif
static void net_embed(const uint32_t *ids, net_part *parts, float *room)
{
    size_t c;
    for (c = 0; c < NET_CHANNELS; c++) {
        const NET_SPACE float *const from = net_embeddings + net_offsets[c] + ids[c] * net_widths[c];
#if defined(__AVR__) && defined(__FLASH)
        NET_LOAD(room, from, net_widths[c] * sizeof *room);
        parts[c].x = room;
        room += net_widths[c];
#else
        (void)room;
        parts[c].x = from;
#endif
        parts[c].len = net_widths[c];
    }
}
