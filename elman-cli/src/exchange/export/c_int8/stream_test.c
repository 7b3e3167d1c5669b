
size_t net_self_test(net_state *net, int32_t y[NET_OUTPUTS])
{
    size_t sequence, step, i, row = 0;
    for (sequence = 0; sequence < NET_GOLDEN; sequence++) {
        net_reset(net);
        for (step = 0; step < net_golden_lengths[sequence]; step++) {
            INPUT_T x[NET_INPUTS];
            size_t wrong;
            for (i = 0; i < NET_INPUTS; i++) {
                x[i] = net_golden_inputs[row * NET_INPUTS + i];
            }
            if (net_step(net, x, y) != 0) {
                return (size_t)-1;
            }
            wrong = net_compare(y, net_golden_logits + row * NET_OUTPUTS, NET_OUTPUTS);
            if (wrong != 0) {
                net_reset(net);
                return row * NET_OUTPUTS + wrong;
            }
            row++;
        }
    }
    net_reset(net);
    return 0;
}
