
/* a * b, rounded before anything is added to it, whatever the compiler would fuse: every machine computes the same. */
static float net_times(float a, float b)
{
    volatile float product = a * b;
    return product;
}
