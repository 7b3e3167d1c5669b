
size_t net_self_test(int16_t *work, int32_t *y)
{
    size_t sequence, i, row = 0, at = 0;
    for (sequence = 0; sequence < NET_GOLDEN; sequence++) {
        const size_t steps = net_golden_lengths[sequence];
        if (net_run(net_golden_inputs + row * NET_INPUTS, steps, work, y) != 0) {
            return (size_t)-1;
        }
        for (i = 0; i < NET_ROWS(steps) * NET_OUTPUTS; i++) {
            if (y[i] != net_golden_logits[at + i]) {
                return at + i + 1u;
            }
        }
        row += steps;
        at += NET_ROWS(steps) * NET_OUTPUTS;
    }
    return 0;
}
