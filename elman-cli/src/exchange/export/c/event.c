
/* A step has passed. */
static void net_pass(net_stream *stream)
{
    stream->step++;
    if (stream->quiet > 0) {
        stream->quiet--;
    }
}

/* What the net says at a step. */
static int net_tell(net_stream *stream, net_event *event)
{
    NUMBER_T most = LEAST;
    size_t i, label = 0;
    int is_there, lasts, fires;
BEFORE    for (i = 0; i < NET_OUTPUTS; i++) {
EACH        if (p > mostBUT_BACKGROUND) {
            most = p;
            label = i;
        }
    }
    is_there = IS_THERE;
    lasts = is_there && stream->held == label;
    fires = is_there && !lasts && stream->quiet == 0;
    stream->held = lasts || fires ? (uint32_t)label : NET_OUTPUTS;
    event->step = stream->step;
    event->label = (uint32_t)label;
TOLD    net_pass(stream);
    if (fires) {
        stream->quiet = NET_REFRACTORY;
    }
    return fires;
}
