// Runs the sketch of a package once.
extern "C" int firmware(void);
void setup();
void loop();

int firmware(void)
{
    setup();
    loop();
    return 0;
}
