// Runs the self-test of @name@, then feeds a few samples over and over, and prints what comes out.
#include <Arduino.h>

#include <@name@.h>

@data@
@show@
void setup()
{
    Serial.begin(115200);
    while (!Serial) {
    }
    const size_t wrong = @test@;
    if (wrong != 0) {
        Serial.print("self-test: wrong is output ");
        Serial.println((unsigned long)wrong);
        for (;;) {
        }
    }
    Serial.println("self-test ok");
}

void loop()
{
    size_t i;
@run@    delay(1000);
}
