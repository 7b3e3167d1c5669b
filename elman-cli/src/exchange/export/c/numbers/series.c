
/* The target so many samples ago, on its curve and less its centre. */
static float net_target(const net_stream *stream, uint32_t before)
{
    const uint32_t newest = stream->newest;
    return stream->past[before <= newest ? newest - before : newest + NET_HISTORY - before];
}

/* Takes a sample into the past: what is missing is what it was before, and what was before the first is like it. */
static void net_remember(net_stream *stream, const float *raw)
{
    const float x = CURVED;
    const float distance = (x - net_centers[0]) - net_centers[1];
    const int is_known = distance - distance >= 0.0f, is_first = !stream->started;
    uint32_t i;
    stream->missing += !is_known;
    if (is_first) {
        for (i = 0; i < NET_HISTORY; i++) {
            stream->past[i] = is_known ? distance : 0.0f;
        }
        stream->newest = 0;
    } else {
        const float before = net_target(stream, 0);
        stream->newest = stream->newest + 1 < NET_HISTORY ? stream->newest + 1 : 0;
        stream->past[stream->newest] = is_known ? distance : before;
    }
OTHERS    stream->started = 1;
}

/* What the linear sum expects of the step that is forecast. */
static float net_expect(const net_stream *stream)
{
    float sum = 0.0f;
SUM    return EXPECTED;
}

/* What the net reads. */
static void net_inputs(const net_stream *stream, float *x)
{
    const NET_SPACE float *scale = net_input_scale;
    size_t i;
INPUTS    for (i = 0; i < NET_INPUTS; i++, scale += 3) {
        const float z = ((x[i] - scale[0]) - scale[1]) * scale[2];
        if ((net_bits(z) & 0x7FFFFFFFu) <= NET_FARTHEST_BITS) {
            x[i] = z;
        } else {
            x[i] = !(x[i] - x[i] >= 0.0f) ? 0.0f : z > 0.0f ? NET_FARTHEST : z < 0.0f ? -NET_FARTHEST : 0.0f;
        }
    }
}
