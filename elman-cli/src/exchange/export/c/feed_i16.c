
int net_feed_i16(net_stream *stream, const int16_t raw[NET_COLUMNS], net_event *event)
{
    float x[NET_COLUMNS];
    size_t i;
    for (i = 0; i < NET_COLUMNS; i++) {
        x[i] = (float)raw[i];
    }
    return net_feed(stream, x, event);
}
