/* Raw samples of a sensor, sequence by sequence, into the exported net; what it tells against what the file says. */
#include <string.h>

#include "start.h"
#include "net.h"
#include "samples.h"

static net_stream stream;

int main(void)
{
    const size_t wrong = net_feed_self_test(&stream);
    size_t sequence, sample = 0, right = 0;
    text(wrong == 0 ? "golden ok\n" : "golden FAILED\n");
    for (sequence = 0; sequence < SEQUENCES; sequence++) {
        net_event event;
        int told = -1;
        size_t i;
        net_stream_reset(&stream);
        for (i = 0; i < lengths[sequence]; i++, sample++) {
            /* Nobody asks before the last sample. */
            told = net_feed(&stream, samples[sample], i + 1 < lengths[sequence] ? NULL : &event);
        }
        if (NET_DELAY > 0) {
            told = net_feed_end(&stream, &event);
        }
        if (told == 1) {
            text(net_class_name(event.label));
            text("\n");
            right += strcmp(net_class_name(event.label), classes[sequence]) == 0;
        }
    }
    line("right", (uint32_t)right);
    line("of", SEQUENCES);
    /* Nine of ten. */
    return wrong == 0 && 10 * right >= 9 * SEQUENCES ? 0 : 1;
}
