/*
 * A binary heap of deadlines under one mutex, and a thread that sleeps until the first of them.
 */
#include "wake.h"

#include "base/mem.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#if defined(__APPLE__)
#define WAKE_CLOCK CLOCK_REALTIME /* no other clock can be given to a condition there */
#else
#define WAKE_CLOCK CLOCK_MONOTONIC
#endif

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
#define MAX_MS UINT64_C(86400000)

struct sleeper {
    uint64_t due; /* nanoseconds of WAKE_CLOCK */
    struct MHD_Connection *connection;
};

struct wake {
    pthread_t thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t changed;
    struct sleeper *heap; /* the earliest first: no child is due before its parent */
    size_t count, cap;
    bool stopping;
};

/* Nanoseconds of the clock that deadlines are in. */
static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(WAKE_CLOCK, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Exchanges two sleepers. */
static void swap(struct sleeper *a, struct sleeper *b)
{
    struct sleeper kept = *a;
    *a = *b;
    *b = kept;
}

/* Adds a sleeper for which there is room. */
static void heap_push(struct wake *wake, struct sleeper sleeper)
{
    struct sleeper *heap = wake->heap;
    size_t at = wake->count++;
    heap[at] = sleeper;
    while (at > 0 && heap[at].due < heap[(at - 1) / 2].due) {
        swap(&heap[at], &heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

/* Takes the earliest sleeper from a heap that has one. */
static struct MHD_Connection *heap_pop(struct wake *wake)
{
    struct sleeper *heap = wake->heap;
    struct MHD_Connection *first = heap[0].connection;
    size_t at = 0;
    heap[0] = heap[--wake->count];
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < wake->count; child++) {
            least = heap[child].due < heap[least].due ? child : least;
        }
        if (least == at) {
            return first;
        }
        swap(&heap[at], &heap[least]);
        at = least;
    }
}

/* Waits, with the mutex held, until something has changed or the first sleeper is due. */
static void wait_for_first(struct wake *wake)
{
    if (wake->count == 0) {
        pthread_cond_wait(&wake->changed, &wake->mutex);
        return;
    }
    uint64_t due = wake->heap[0].due;
    struct timespec until = {(time_t)(due / NS_PER_S), (long)(due % NS_PER_S)};
    pthread_cond_timedwait(&wake->changed, &wake->mutex, &until);
}

/* The thread. Connections are resumed without the mutex, because that takes one of the server's
 * own. */
static void *run(void *cls)
{
    struct wake *wake = cls;
    pthread_mutex_lock(&wake->mutex);
    while (!wake->stopping || wake->count > 0) {
        if (wake->count > 0 && (wake->stopping || wake->heap[0].due <= now())) {
            struct MHD_Connection *connection = heap_pop(wake);
            pthread_mutex_unlock(&wake->mutex);
            MHD_resume_connection(connection);
            pthread_mutex_lock(&wake->mutex);
        } else {
            wait_for_first(wake);
        }
    }
    pthread_mutex_unlock(&wake->mutex);
    return NULL;
}

struct wake *wake_new(void)
{
    struct wake *wake = mem_zalloc(1, sizeof *wake);
    pthread_condattr_t attributes;
    if (!wake) {
        return NULL;
    }
    pthread_mutex_init(&wake->mutex, NULL);
    pthread_condattr_init(&attributes);
#if !defined(__APPLE__)
    pthread_condattr_setclock(&attributes, WAKE_CLOCK);
#endif
    pthread_cond_init(&wake->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&wake->thread, NULL, run, wake) != 0) {
        wake_free(wake);
        return NULL;
    }
    return wake;
}

/* Makes room for one more sleeper. */
static bool heap_reserve(struct wake *wake)
{
    if (wake->count < wake->cap) {
        return true;
    }
    size_t cap = wake->cap ? wake->cap * 2 : 64;
    struct sleeper *heap = mem_realloc(wake->heap, cap * sizeof *heap);
    if (!heap) {
        return false;
    }
    wake->heap = heap;
    wake->cap = cap;
    return true;
}

bool wake_later(struct wake *wake, struct MHD_Connection *connection, uint64_t ms)
{
    uint64_t due = now() + (ms < MAX_MS ? ms : MAX_MS) * NS_PER_MS;
    pthread_mutex_lock(&wake->mutex);
    bool ok = !wake->stopping && heap_reserve(wake);
    if (ok) {
        MHD_suspend_connection(connection);
        heap_push(wake, (struct sleeper){due, connection});
        pthread_cond_signal(&wake->changed);
    }
    pthread_mutex_unlock(&wake->mutex);
    return ok;
}

void wake_stop(struct wake *wake)
{
    pthread_mutex_lock(&wake->mutex);
    wake->stopping = true;
    pthread_cond_signal(&wake->changed);
    pthread_mutex_unlock(&wake->mutex);
    pthread_join(wake->thread, NULL);
}

void wake_free(struct wake *wake)
{
    if (!wake) {
        return;
    }
    pthread_cond_destroy(&wake->changed);
    pthread_mutex_destroy(&wake->mutex);
    mem_free(wake->heap);
    mem_free(wake);
}
