
size_t net_self_test(int16_t *work, int32_t *y)
{
    size_t sequence, row = 0, at = 0;
    for (sequence = 0; sequence < NET_GOLDEN; sequence++) {
        const size_t steps = net_golden_lengths[sequence];
        size_t wrong;
        if (net_run(net_golden_inputs + row * NET_INPUTS, steps, work, y) != 0) {
            return (size_t)-1;
        }
        wrong = net_compare(y, net_golden_logits + at, NET_ROWS(steps) * NET_OUTPUTS);
        if (wrong != 0) {
            return at + wrong;
        }
        row += steps;
        at += NET_ROWS(steps) * NET_OUTPUTS;
    }
    return 0;
}
