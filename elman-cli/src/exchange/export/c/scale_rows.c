
size_t net_scale_rows(float *x, size_t steps)
{
    uint32_t missing = 0;
    size_t t;
    for (t = 0; t < steps; t++) {
        net_scale_row(x + t * NET_COLUMNS, x + t * NET_COLUMNS, &missing);
    }
NEIGHBOURS    return missing;
}
