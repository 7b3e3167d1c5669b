
int FEED(net_stream *stream, const RAW_T raw[NET_COLUMNS], net_event *event)
{
ROOM    SCALE(raw, ROW, &stream->missing);
    return NEXT;
}
