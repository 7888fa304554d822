/*
 * clock: the two clocks. Only those who do I/O read them; all else in the core is handed the time.
 */
#ifndef BOSA_CLOCK_H
#define BOSA_CLOCK_H

#include <stdint.h>

struct moment {
    int64_t ms;     /* monotonic milliseconds, from any start: whatever bounds a wait */
    int64_t unix_s; /* seconds since 1970, UTC; for dates alone, as it may be set back */
    int32_t us;     /* microseconds beyond `ms`, below 1000 */
};

/* Monotonic microseconds, from the same start as `ms`: for times that are told. */
static inline int64_t moment_us(const struct moment *m)
{
    return m->ms * 1000 + m->us;
}

/* Monotonic milliseconds. */
int64_t clock_ms(void);

/* Monotonic microseconds. */
int64_t clock_us(void);

/* Reads both clocks. */
struct moment clock_moment(void);

#endif
