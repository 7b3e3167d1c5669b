
int16_t net_integer(float x)
{
    /* Volatile, so that no compiler joins the product with the sum or keeps more bits than a float has. */
    volatile float product = x * NET_INPUT_SCALE;
    volatile float sum;
    float rounded;
    sum = product + (product < 0.0f ? -0.5f : 0.5f);
    rounded = sum;
    if (rounded >= 32767.0f) {
        return 0x7FFF;
    }
    if (rounded <= -32767.0f) {
        return -0x7FFF;
    }
    /* What is left is a number within the range, or none at all. */
    return (int16_t)(rounded > -32767.0f ? (int16_t)rounded : 0);
}
