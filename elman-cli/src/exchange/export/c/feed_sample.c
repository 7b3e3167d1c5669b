
int FEED(net_stream *stream, const RAW_T raw[NET_COLUMNS], net_event *event)
{
ROOM    SCALE(stream, raw, ROW);
    return NEXT;
}
