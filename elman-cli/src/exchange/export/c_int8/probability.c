
uint32_t net_probability(const net_stream *stream, size_t label)
{
PARTS    if (label >= NET_OUTPUTS) {
        return 0;
    }
SHARE}
