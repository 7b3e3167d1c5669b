/* The whole way: raw samples into the exported C, answers in their units out. */
#include "start.h"
#include "net.h"

static net_stream stream;
static float raw[NET_COLUMNS], out[NET_TARGETS];
/* A net in whole numbers has units. */
#ifdef NET_UNIT
static int16_t x[NET_INPUTS];
static int32_t y[NET_OUTPUTS];
#else
static float x[NET_INPUTS], y[NET_OUTPUTS];
#endif

static void feed(void)
{
    net_feed(&stream, raw, out);
}

/* What the net itself takes. */
static void step(void)
{
    net_step(&stream.net, x, y);
}

int main(void)
{
    const size_t wrong = net_feed_self_test(&stream);
    uint32_t whole, net;
    int i;
    text(wrong == 0 ? "golden ok\n" : "golden FAILED\n");
    if (wrong != 0) {
        line("wrong", (uint32_t)wrong);
    }
    for (i = 0; i < 64; i++) {
        raw[0] = (float)(i * i % 17);
        feed();
    }
    whole = instructions(feed);
    net = instructions(step);
    line("instructions", whole);
    line("step", net);
    line("stack", stack_of(feed));
    line("ram", sizeof stream);
    return wrong == 0 ? 0 : 1;
}
