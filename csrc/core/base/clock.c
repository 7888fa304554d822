/* Called by transport and the binding. */
#include "base/clock.h"

#include <time.h>

int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct moment clock_moment(void)
{
    return (struct moment){clock_ms(), (int64_t)time(NULL)};
}
