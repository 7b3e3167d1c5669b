
/* What an activation reads, limited to +-clip; a NaN passes. */
static void net_limit(float *z, size_t len, float clip)
{
    size_t i;
    for (i = 0; i < len; i++) {
        z[i] = z[i] > clip ? clip : z[i] < -clip ? -clip : z[i];
    }
}
