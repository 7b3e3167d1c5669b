
/* Where logits first differ from what they must be, counted from 1; 0 if they do not. */
static size_t net_compare(const int32_t *found, const NET_SPACE int32_t *golden, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++) {
        if (found[i] != golden[i]) {
            return i + 1u;
        }
    }
    return 0;
}
