
void net_bounds(const net_stream *stream, const float reach[NET_TARGETS], float low[NET_TARGETS], float high[NET_TARGETS])
{
    size_t i;
    for (i = 0; i < NET_TARGETS; i++) {
        const float middle = net_middle(stream, i), below = middle - reach[i], above = middle + reach[i];
        low[i] = NET_UNCURVE(i, below);
        high[i] = NET_UNCURVE(i, above);
    }
}
