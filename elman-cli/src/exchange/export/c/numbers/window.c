
void net_stream_reset(net_stream *stream)
{
    net_reset(&stream->net);
    /* Rows before the first are zeros. */
    memset(stream->rows, 0, sizeof stream->rows);
    stream->next = 0;
    stream->ahead = NET_DELAY;
    stream->waiting = 0;
RESET}

/* The step that the row at stream->next makes possible. Rows lie twice, a window apart, so that any window of them is one piece. */
static int net_next(net_stream *stream, float *out)
{
    float *const row = stream->rows + stream->next * NET_COLUMNS;
    size_t i;
    for (i = 0; i < NET_COLUMNS; i++) {
        row[NET_WINDOW * NET_COLUMNS + i] = row[i];
    }
    stream->next = stream->next + 1 < NET_WINDOW ? stream->next + 1 : 0;
    if (stream->ahead > 0) {
        stream->ahead--;
        return -1;
    }
OLDEST    return net_take(stream, stream->rows + stream->next * NET_COLUMNS, out);
}

int net_feed(net_stream *stream, const float raw[NET_COLUMNS], float out[NET_TARGETS])
{
    float *const x = stream->rows + stream->next * NET_COLUMNS;
    int told;
TAKEN    told = net_next(stream, out);
    stream->waiting += told < 0;
    return told;
}

int net_feed_end(net_stream *stream, float out[NET_TARGETS])
{
    int i;
    if (stream->waiting == 0) {
        return -1;
    }
    stream->waiting--;
    /* A sequence that is shorter than half a window has more rows of zeros behind it. */
    for (i = 0; i < NET_DELAY; i++) {
        memset(stream->rows + stream->next * NET_COLUMNS, 0, NET_COLUMNS * sizeof *stream->rows);
        if (net_next(stream, out) == 0) {
            return 0;
        }
    }
    return -1;
}
