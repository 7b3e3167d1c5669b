
/* What a layer of several sums per unit knows of its numbers. */
typedef struct {
    /* Sums are in units of 2^-14 / 2^shift. */
    int shift;
    /* What has a range of its own is in units of 2^(exponent - 15): c of an LSTM, h of FastRNN and FastGRNN. */
    int exponent;
    /* Arguments of tanh stay within +-most, those of a sigmoid's within +-most_half. */
    uint32_t most;
    uint32_t most_half;
    /* Trained numbers that all units share, in units of 2^-16. */
    int32_t first;
    int32_t second;
} net_fixed;
