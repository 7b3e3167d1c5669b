
/* A step that can be done now, and what the net says after it if somebody asks. */
static int net_take(net_stream *stream, X_PARAMnet_event *event)
{
    net_advance(&stream->netX_GIVEN);
    if (event == NULL) {
        net_pass(stream);
        return 0;
    }
    net_answer(&stream->net, stream->y);
    return net_tell(stream, event);
}
