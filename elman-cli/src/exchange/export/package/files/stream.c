/* Runs the self-test of @name@, then feeds a few samples, and prints what comes out. */
#include "@name@.h"

#include <@stdio@>

@data@
@show@
@entry@
{
    size_t wrong, i;
    wrong = @test@;
    if (wrong != 0) {
        @print@("self-test: output %lu is wrong\n", (unsigned long)wrong);
        return@failure@;
    }
    @print@("self-test ok\n");
@run@    return@success@;
}
