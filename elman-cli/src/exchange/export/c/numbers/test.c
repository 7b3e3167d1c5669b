
size_t net_feed_self_test(net_stream *stream)
{
    const uint32_t missing = stream->missing;
    size_t sequence, row = 0, sample = 0, wrong = 0;
    for (sequence = 0; sequence < NET_GOLDEN && wrong == 0; sequence++) {
        const size_t samples = net_golden_lengths[sequence];
        size_t t, i;
        net_stream_reset(stream);
        for (t = 0; t < samples + NET_DELAY && wrong == 0; t++) {
            float out[NET_TARGETS];
            int told;
            if (t < samples) {
                float raw[NET_COLUMNS];
                NET_LOAD(raw, net_golden_raw + sample * NET_COLUMNS, sizeof raw);
                if (sample == NET_GOLDEN_MISSING / NET_COLUMNS) {
                    raw[NET_GOLDEN_MISSING % NET_COLUMNS] = net_float(0x7FC00000u);
                }
                sample++;
                told = net_feed(stream, raw, out);
            } else {
                told = net_feed_end(stream, out);
            }
            if (told < 0) {
                continue;
            }
            wrong = net_compare(stream->y, MUST_SAY + row * NET_OUTPUTS, NET_OUTPUTS);
            for (i = 0; i < NET_TARGETS && wrong == 0; i++) {
                const float must = NET_GOLDEN_VALUES[row * NET_TARGETS + i];
COMPARED            }
            wrong += wrong == 0 ? 0 : row * NET_OUTPUTS;
            row++;
        }
    }
    net_stream_reset(stream);
    stream->missing = missing;
    return wrong;
}
