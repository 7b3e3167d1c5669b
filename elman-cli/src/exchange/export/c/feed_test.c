
size_t net_feed_self_test(net_stream *stream)
{
    const uint32_t missing = stream->missing;
    size_t sequence, i, row = 0, sample = 0, wrong = 0;
    for (sequence = 0; sequence < NET_GOLDEN && wrong == 0; sequence++) {
        const size_t samples = net_golden_lengths[sequence];
        size_t t;
        net_stream_reset(stream);
        for (t = 0; t < samples + NET_DELAY && wrong == 0; t++) {
            net_event event;
            int told;
            if (t < samples) {
                const int is_missing = sample == NET_GOLDEN_MISSING / NET_COLUMNS;
                float raw[NET_COLUMNS];
ROOM                for (i = 0; i < NET_COLUMNS; i++) {
COPY                }
                if (is_missing) {
                    raw[NET_GOLDEN_MISSING % NET_COLUMNS] = net_float(0x7FC00000u);
                }
                sample++;
                told = FED;
            } else {
                told = OUTSIDE;
            }
            if (told < 0) {
                continue;
            }
            wrong = COMPARED;
            if (wrong == 0 && (UNEQUAL)) {
                wrong = NET_OUTPUTS;
            }
            wrong += wrong == 0 ? 0 : row * NET_OUTPUTS;
            row++;
        }
    }
    net_stream_reset(stream);
    stream->missing = missing;
    return wrong;
}
