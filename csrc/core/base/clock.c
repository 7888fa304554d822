/* Called by transport and the binding. */
#include "base/clock.h"

#include <time.h>

int64_t clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

struct moment clock_moment(void)
{
    int64_t us = clock_us();
    return (struct moment){us / 1000, (int64_t)time(NULL), (int32_t)(us % 1000)};
}
