
/* The square root by Heron's steps, from a guess that halves the exponent; of what is no normal number above zero, 0. */
static float net_root(float x)
{
    float root;
    int i;
    if (x < 1.17549435e-38f) {
        return 0.0f;
    }
    root = net_float((net_bits(x) >> 1) + 0x1FBD1DF5u);
    for (i = 0; i < 3; i++) {
        root = 0.5f * (root + x / root);
    }
    return root;
}
