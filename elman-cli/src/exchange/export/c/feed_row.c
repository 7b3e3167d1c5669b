
void net_stream_reset(net_stream *stream)
{
    net_reset(&stream->net);
    stream->step = 0;
    stream->quiet = 0;
    stream->held = NET_OUTPUTS;
STARTED}

int net_feed_end(net_stream *stream, net_event *event)
{
    (void)stream;
    (void)event;
    return -1;
}
