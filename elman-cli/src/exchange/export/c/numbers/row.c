
void net_stream_reset(net_stream *stream)
{
    net_reset(&stream->net);
RESET}

int net_feed(net_stream *stream, const float raw[NET_COLUMNS], float out[NET_TARGETS])
{
    float x[NET_INPUTS];
TAKEN    return net_take(stream, x, out);
}

int net_feed_end(net_stream *stream, float out[NET_TARGETS])
{
    (void)stream;
    (void)out;
    return -1;
}
