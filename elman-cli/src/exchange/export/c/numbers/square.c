
/* What a square root comes from. */
static float net_square(float x)
{
    const float square = x * x;
    return x <= 0.0f ? 0.0f : square > 3.40282347e+38f ? 3.40282347e+38f : square;
}
