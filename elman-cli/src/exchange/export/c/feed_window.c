
void net_stream_reset(net_stream *stream)
{
    net_reset(&stream->net);
    /* Rows before the first are zeros. */
    memset(stream->rows, 0, sizeof stream->rows);
    stream->next = 0;
    stream->ahead = NET_DELAY;
    stream->step = 0;
    stream->quiet = 0;
    stream->held = NET_OUTPUTS;
STARTED}

/* The step that the row at stream->next makes possible. Rows lie twice, a window apart, so that any window of them is one piece. */
static int net_next(net_stream *stream, net_event *event)
{
    NUMBER_T *const row = stream->rows + stream->next * NET_COLUMNS;
    memcpy(row + NET_WINDOW * NET_COLUMNS, row, NET_COLUMNS * sizeof *row);
    stream->next = stream->next + 1 < NET_WINDOW ? stream->next + 1 : 0;
    if (stream->ahead > 0) {
        stream->ahead--;
        return -1;
    }
TAKE}

/* A row behind the end of the sequence. */
static int net_feed_outside(net_stream *stream, net_event *event)
{
    memset(stream->rows + stream->next * NET_COLUMNS, 0, NET_COLUMNS * sizeof *stream->rows);
    return net_next(stream, event);
}

int net_feed_end(net_stream *stream, net_event *event)
{
    int last = -1, i;
    for (i = 0; i < NET_DELAY; i++) {
        net_event now;
        const int told = net_feed_outside(stream, event == NULL ? NULL : &now);
        /* What fires is kept. */
        if (told >= 0 && event != NULL && (last < 1 || told == 1)) {
            *event = now;
        }
        last = told > last ? told : last;
    }
    return last;
}
