
size_t net_self_test(net_state *net, float y[NET_OUTPUTS])
{
    size_t sequence, step, row = 0;
    for (sequence = 0; sequence < NET_GOLDEN; sequence++) {
        net_reset(net);
        for (step = 0; step < net_golden_lengths[sequence]; step++, row++) {
            INPUT_T x[NET_INPUTS];
            size_t wrong;
            NET_LOAD(x, net_golden_inputs + row * NET_INPUTS, sizeof x);
            if (net_step(net, x, y) != 0) {
                return (size_t)-1;
            }
            wrong = net_compare(y, net_golden_outputs + row * NET_OUTPUTS, NET_OUTPUTS);
            if (wrong != 0) {
                net_reset(net);
                return row * NET_OUTPUTS + wrong;
            }
        }
    }
    net_reset(net);
    return 0;
}
