
/* A number between two others. */
static inline int16_t net_limited(int32_t z, int32_t least, int32_t most)
{
    return (int16_t)(z < least ? least : z > most ? most : z);
}
