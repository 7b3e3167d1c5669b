
/* A step has passed. */
static void net_pass(net_stream *stream)
{
    stream->step++;
    if (stream->quiet > 0) {
        stream->quiet--;
    }
}

/* What the probabilities of a step say. */
static int net_tell(net_stream *stream, net_event *event)
{
    float most = -1.0f;
    size_t i, label = 0;
    int is_there, lasts, fires;
STARTED    for (i = 0; i < NET_OUTPUTS; i++) {
SMOOTHED        if (p > mostBUT_BACKGROUND) {
            most = p;
            label = i;
        }
    }
    is_there = most >= NET_THRESHOLD;
    lasts = is_there && stream->held == label;
    fires = is_there && !lasts && stream->quiet == 0;
    stream->held = lasts || fires ? (uint32_t)label : NET_OUTPUTS;
    event->step = stream->step;
    event->label = (uint32_t)label;
    event->probability = most;
    net_pass(stream);
    if (fires) {
        stream->quiet = NET_REFRACTORY;
    }
    return fires;
}
