
/* Takes a raw sample into what the sums read, every number less its centre; what is missing is the centre. */
static void net_remember(net_stream *stream, const float *raw)
{
    size_t i;
ADVANCE    for (i = 0; i < NET_COLUMNS; i++) {
        const float distance = (raw[i] - net_sum_centers[2 * i]) - net_sum_centers[2 * i + 1];
        const float x = distance - distance >= 0.0f ? distance : 0.0f;
PAST    }
    stream->count += stream->count < 0xFFFFFFFFu;
}

/* What the sums expect from there, target by target. */
static void net_expect(net_stream *stream)
{
    const NET_SPACE float *w = net_sum_weights;
COUNT    size_t target, i;
    for (target = 0; target < NET_TARGETS; target++) {
        float sum = 0.0f;
SUM        stream->expected[NEWEST + target] = sum;
    }
}
