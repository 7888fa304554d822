/*
 * One door to the system's generator: multipart boundaries, the names of temporary files, and what
 * the binding gives to Lua.
 */
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* False where the system has no generator, or no descriptor left for it. */
static bool system_random(unsigned char *out, size_t len)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    size_t done = 0;
    while (done < len) {
        ssize_t n = read(fd, out + done, len - done);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return done == len;
}

/* Something that differs from call to call and from process to process, spread over all bits. */
static void poor_random(unsigned char *out, size_t len)
{
    static uint64_t calls;
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t state =
        (uint64_t)now.tv_sec * 1000000007U ^ (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)out << 20;
    state ^= (uint64_t)getpid() << 44 ^ ++calls;
    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        out[i] = (unsigned char)(state >> 56);
    }
}

bool random_hex(char *out, size_t len)
{
    unsigned char bytes[RANDOM_MOST];
    bool good = system_random(bytes, len);
    if (!good) {
        poor_random(bytes, len);
    }
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
    return good;
}
