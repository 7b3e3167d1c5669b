
/* A step has passed. */
static void net_pass(net_stream *stream)
{
    stream->step++;
#if NET_REFRACTORY > 0
    if (stream->quiet > 0) {
        stream->quiet--;
    }
#endif
}

/* What the net says at a step. */
static int net_tell(net_stream *stream, net_event *event)
{
    int32_t most = LEAST;
    size_t i, label = 0;
    int fires = 0;
BEFORE    /* Downwards, so that the first of equal ones remains. */
    for (i = NET_OUTPUTS; i-- > 0;) {
EACH        if (p >= mostBUT_BACKGROUND) {
            most = p;
            label = i;
        }
    }
TOO_UNLIKELYif (stream->held != label) {
#if NET_REFRACTORY > 0
        fires = stream->quiet == 0;
        stream->held = fires ? (uint32_t)label : NET_OUTPUTS;
#else
        fires = 1;
        stream->held = (uint32_t)label;
#endif
    }
    event->step = stream->step;
    event->label = (uint32_t)label;
TOLD    net_pass(stream);
#if NET_REFRACTORY > 0
    if (fires) {
        stream->quiet = NET_REFRACTORY;
    }
#endif
    return fires;
}
