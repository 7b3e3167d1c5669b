/* Nothing: what start-up alone takes. */
int main(void)
{
    return 0;
}
