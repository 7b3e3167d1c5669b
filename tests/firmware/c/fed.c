/* The whole way: raw samples into the exported C, events out. INT8 says that the net is one in whole numbers, RAW_I16 that raw numbers are. */
#include <string.h>

#include "start.h"
#include "net.h"

#ifdef INT8
typedef int16_t input;
typedef int32_t output;
#else
typedef float input, output;
#endif
#ifdef RAW_I16
typedef int16_t sample;
#define FEED net_feed_i16
#else
typedef float sample;
#define FEED net_feed
#endif

static net_stream stream;
static net_event event;
static sample raw[NET_COLUMNS];
static input x[NET_INPUTS];
static output y[NET_OUTPUTS];

static void feed(void)
{
    FEED(&stream, raw, &event);
}

static void feed_unread(void)
{
    FEED(&stream, raw, NULL);
}

/* What the net itself takes, of a sample that lies on the mean, as raw does. */
static void step(void)
{
    net_step(&stream.net, x, y);
}

/* A normal double as a float, cut, where there are no functions for doubles. */
static float cut(double mean)
{
    uint64_t bits;
    uint32_t word;
    float x;
    memcpy(&bits, &mean, sizeof bits);
    word = (uint32_t)(bits >> 32 & 0x80000000u);
    if ((bits << 1) != 0) {
        word |= (((uint32_t)(bits >> 52 & 0x7FFu) - 1023u + 127u) << 23) | (uint32_t)(bits >> 29 & 0x7FFFFFu);
    }
    memcpy(&x, &word, sizeof x);
    return x;
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
    for (i = 0; i < NET_COLUMNS; i++) {
        raw[i] = (sample)cut(net_mean[i]);
    }
    /* Until the state rests, so that both take the same way through tanh. */
    for (i = 0; i < 2 * NET_WINDOW + 64; i++) {
        feed();
    }
#ifdef INT8
    /* A whole number next to the mean is not zero. */
    memcpy(x, stream.net.x, sizeof x);
#endif
    whole = instructions(feed);
    line("instructions", whole);
    line("unread", instructions(feed_unread));
    net = instructions(step);
    line("step", net);
    line("stack", stack_of(feed));
    line("ram", sizeof stream);
    return wrong == 0 && net_class_name(event.label)[0] != 0 && net_class_name(NET_OUTPUTS)[0] == 0 ? 0 : 1;
}
