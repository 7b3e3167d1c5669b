/*
 * A head that learns where the net is used, and is kept in two pages of flash in turn: whenever the power goes, one of them is whole.
 * Here on a desktop, with an array in place of the flash, and for a net of one column whose layers nobody trained: what they remember of
 * a wave is enough to tell whether it swings above zero or below. A test of elman-core/c makes its image and runs it. The same in Rust is
 * elman-core/examples/adapt.rs.
 */
#include "elman.h"

#include <stdio.h>
#include <string.h>

extern const unsigned char image[], image_end[];

/* What elman_get_sizes says of this image. */
#define STATE 8
#define SCRATCH 1
#define ROOM 8
#define HEAD 18
#define HEAD_STRIPS 9
#define MEMORY 74

#define SAMPLES 24
#define UPDATES 600
/* Of which so many are averaged, at the start and in the end. */
#define SHOWN 20

static elman_net net;
static float state[STATE], room[ROOM], memory[MEMORY], weights[HEAD];
static elman_strip scratch[SCRATCH], strips[HEAD_STRIPS];

/* A page of flash: a number that grows, the weights, a checksum of both. */
typedef struct {
    uint32_t number;
    float weights[HEAD];
    uint32_t crc;
} page;

static page flash[2];

static uint32_t checksum(const page *of)
{
    const unsigned char *bytes = (const unsigned char *)of;
    uint32_t crc = 0xFFFFFFFFu;
    size_t i;
    int bit;
    for (i = 0; i < offsetof(page, crc); i++) {
        crc ^= bytes[i];
        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
        }
    }
    return ~crc;
}

/* The whole page that was written last; none on a chip that is new. */
static const page *newest(void)
{
    const page *found = NULL;
    int i;
    for (i = 0; i < 2; i++) {
        if (checksum(&flash[i]) == flash[i].crc && (found == NULL || flash[i].number > found->number)) {
            found = &flash[i];
        }
    }
    return found;
}

/* Writes the weights into the other page; len is less than all of it where the power goes. */
static void keep(size_t len)
{
    const page *last = newest();
    page *next = last == &flash[0] ? &flash[1] : &flash[0];
    page written;
    written.number = last == NULL ? 1 : last->number + 1;
    memcpy(written.weights, weights, sizeof weights);
    written.crc = checksum(&written);
    memset(next, 0xFF, sizeof *next); /* erased */
    memcpy(next, &written, len);
}

/* The net with the head that was kept, or with that of the image. */
static int boot(void)
{
    const page *last = newest();
    int code = elman_open(&net, image, (size_t)(image_end - image));
    if (code == ELMAN_OK) {
        code = elman_feed_self_test(&net, state, STATE, scratch, SCRATCH, room, ROOM, NULL);
    }
    if (code == ELMAN_OK) {
        code = elman_feed_start(&net, state, STATE, scratch, SCRATCH, room, ROOM);
    }
    if (code == ELMAN_OK) {
        code = elman_learn_start(&net, strips, HEAD_STRIPS, memory, MEMORY);
    }
    if (code == ELMAN_OK && last != NULL) {
        code = elman_set_head(&net, last->weights, HEAD);
    }
    return code;
}

/* A wave that swings about a place a little above zero, or a little below; event is what the net says after its last sample. */
static int wave(int above, int shift, elman_event *event)
{
    int t, code = elman_reset(&net);
    for (t = 0; t < SAMPLES && code == ELMAN_OK; t++) {
        const float x = (float)((t + shift) % 16) / 16.0f - (above ? 0.25f : 0.75f);
        code = elman_feed(&net, &x, 1, t == SAMPLES - 1 ? event : NULL);
    }
    return code;
}

/* Somebody has told what the wave was. */
static int learn(int update, double *loss)
{
    const int above = update % 2 == 0;
    int code = wave(above, update * 7, NULL);
    if (code == ELMAN_OK) {
        code = elman_learn(&net, above ? 1 : 0, 1, loss);
    }
    if (code == ELMAN_OK) {
        code = elman_update(&net, 0.05f, 1.0f);
    }
    return code;
}

static int adapt(void)
{
    double loss = 0.0, first = 0.0, last = 0.0;
    int update, code = boot();
    for (update = 1; update <= UPDATES && code == ELMAN_OK; update++) {
        code = learn(update, &loss);
        first += update <= SHOWN ? loss / SHOWN : 0.0;
        last += update > UPDATES - SHOWN ? loss / SHOWN : 0.0;
    }
    printf("mean loss of the first %d updates %.4f, of the last %.4f\n", SHOWN, first, last);
    return code == ELMAN_OK ? elman_get_head(&net, weights, HEAD) : code;
}

int main(void)
{
    elman_event event, again;
    int code = adapt();
    keep(sizeof(page));
    if (code == ELMAN_OK) {
        code = wave(1, 1, &event);
    }
    /* The power goes while the next ones are written: those before are still there. */
    memset(weights, 0, sizeof weights);
    keep(sizeof(page) - 3);
    memset(&net, 0, sizeof net);
    if (code == ELMAN_OK) {
        code = boot();
    }
    if (code == ELMAN_OK) {
        code = wave(1, 1, &again);
    }
    if (code != ELMAN_OK) {
        printf("%s\n", elman_message(code));
        return 1;
    }
    printf("a wave above is of class %d, %.2f, and %.2f with the head that was kept\n", (int)event.label, (double)event.probability,
           (double)again.probability);
    return event.label == 1 && again.label == 1 && event.probability - again.probability == 0.0f ? 0 : 1;
}
