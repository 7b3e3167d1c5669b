
#if defined(__AVR__) && defined(__FLASH)
/* The names of classes in flash, one after the other, each ended by a zero. */
static const NET_FLASH char net_class_names[] = NAMES;

const char *net_class_name(size_t label)
{
    static char name[LONGEST];
    const NET_SPACE char *at = net_class_names;
    size_t i = 0;
    name[0] = 0;
    if (label >= NET_OUTPUTS) {
        return name;
    }
    for (; label > 0; label--) {
        while (*at++ != 0) {
        }
    }
    do {
        name[i] = *at;
        i++;
    } while (*at++ != 0);
    return name;
}
#else
const char *net_class_name(size_t label)
{
    return label < NET_OUTPUTS ? net_labels[label] : "";
}
#endif
