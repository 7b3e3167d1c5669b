//! What the way around a net is written with, as far as the net's own numbers decide it: floats, or whole numbers.

/// Parts of C and of the header's words.
pub struct Form {
    /// How a row of inputs steps the net.
    pub advance: &'static str,
    /// The net's output `i` as a float.
    pub output: &'static str,
    /// The table of what the net must say of golden samples.
    pub must_say: &'static str,
    /// How an answer is compared with the golden one.
    pub compared: &'static str,
    /// The outputs among the members of a `net_stream`.
    pub member: &'static str,
    /// What precision the way has.
    pub precision: &'static str,
}

impl Form {
    /// Of a float net.
    pub const FLOAT: Self = Self {
        advance: "    net_advance(&stream->net, x);\n",
        output: "stream->y[i]",
        must_say: "net_golden_outputs",
        compared: "                const float distance = out[i] < must ? must - out[i] : out[i] - must;
                const int same = memcmp(out + i, &must, sizeof must) == 0;
                wrong = same || (!NET_FUSED && distance <= net_golden_reach[i]) ? 0 : i + 1;
",
        member: "    float y[NET_OUTPUTS]; /* of the net, after the last step that was read */\n",
        precision: "All that stands around the net is done in single
 * precision, every operation rounded on its own: for every net's output the same bits on every chip. What elman predict says, in
 * double precision, differs by a few units in the last place of the numbers that are added up.",
    };

    /// Of an int8 net.
    pub const INT8: Self = Self {
        advance: "    for (i = 0; i < NET_INPUTS; i++) {
        stream->net.x[i] = net_integer(x[i]);
    }
    net_advance(&stream->net);
",
        output: "net_times((float)stream->y[i], NET_UNIT)",
        must_say: "net_golden_logits",
        // Nothing may be off.
        compared: "                wrong = memcmp(out + i, &must, sizeof must) == 0 ? 0 : i + 1;\n",
        member: "    int32_t y[NET_OUTPUTS]; /* logits after the last step that was read */\n",
        precision: "The net is in whole numbers. All that stands around it
 * is done in single precision, every operation rounded on its own: inputs, which net_integer rounds to units of the net, and answers of
 * logits times NET_UNIT. So all answers have the same bits on every chip. What elman eval --int8 measures, in double precision, differs by a
 * few units in the last place of the numbers that are added up, and now and then by what the net makes of an input that is rounded the other way.",
    };
}
