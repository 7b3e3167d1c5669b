/* Every self-test that an export has, on the desktop: for sanitizers. */
#include <stdio.h>

#include "net.h"

#ifdef NET_UNIT
typedef int32_t net_output;
typedef int16_t net_room;
#else
typedef float net_output;
typedef float net_room;
#endif

#ifdef NET_WORK
static net_room work[NET_WORK(NET_SELF_TEST_STEPS)];
static net_output y[NET_ROWS(NET_SELF_TEST_STEPS) * NET_OUTPUTS];
#define SELF_TEST net_self_test(work, y)
#else
static net_state state;
static net_output y[NET_OUTPUTS];
#define SELF_TEST net_self_test(&state, y)
#endif

int main(void)
{
    size_t wrong = SELF_TEST;
#if defined(NET_COLUMNS) && !defined(NET_WORK)
    static net_stream stream;
    wrong += net_feed_self_test(&stream);
#endif
    printf("%lu\n", (unsigned long)wrong);
    return wrong != 0;
}
