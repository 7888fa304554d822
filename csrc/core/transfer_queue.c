#include "transfer_queue.h"

#include "mem.h"

/* ---- the two FIFOs ---- */

void fifo_add_waiting(struct flight_fifo *fifo, struct flight *f)
{
    if (f->waiting) {
        return;
    }
    f->waiting = true;
    f->next_waiting = NULL;
    if (fifo->last) {
        fifo->last->next_waiting = f;
    } else {
        fifo->first = f;
    }
    fifo->last = f;
}

struct flight *fifo_take_waiting(struct flight_fifo *fifo)
{
    struct flight *f = fifo->first;
    if (f) {
        fifo->first = f->next_waiting;
        fifo->last = fifo->first ? fifo->last : NULL;
        f->waiting = false;
    }
    return f;
}

void fifo_remove_waiting(struct flight_fifo *fifo, struct flight *f)
{
    struct flight *before = NULL;
    if (!f->waiting) {
        return;
    }
    for (struct flight *at = fifo->first; at != f; at = at->next_waiting) {
        before = at;
    }
    if (before) {
        before->next_waiting = f->next_waiting;
    } else {
        fifo->first = f->next_waiting;
    }
    fifo->last = fifo->last == f ? before : fifo->last;
    f->waiting = false;
}

void fifo_add_noted(struct flight_fifo *fifo, struct flight *f)
{
    if (f->noted) {
        return;
    }
    f->noted = true;
    f->next_noted = NULL;
    if (fifo->last) {
        fifo->last->next_noted = f;
    } else {
        fifo->first = f;
    }
    fifo->last = f;
}

struct flight *fifo_take_noted(struct flight_fifo *fifo)
{
    struct flight *f = fifo->first;
    if (f) {
        fifo->first = f->next_noted;
        fifo->last = fifo->first ? fifo->last : NULL;
        f->noted = false;
    }
    return f;
}

void fifo_remove_noted(struct flight_fifo *fifo, struct flight *f)
{
    struct flight *before = NULL;
    if (!f->noted) {
        return;
    }
    for (struct flight *at = fifo->first; at != f; at = at->next_noted) {
        before = at;
    }
    if (before) {
        before->next_noted = f->next_noted;
    } else {
        fifo->first = f->next_noted;
    }
    fifo->last = fifo->last == f ? before : fifo->last;
    f->noted = false;
}

/* ---- the heap: a binary one; items[i] is never later than its children 2i+1 and 2i+2 ---- */

bool heap_reserve(struct flight_heap *heap, size_t count)
{
    if (count <= heap->cap) {
        return true;
    }
    size_t cap = heap->cap ? heap->cap * 2 : 16;
    cap = cap < count ? count : cap;
    struct flight **grown = mem_realloc(heap->items, cap * sizeof(struct flight *));
    if (!grown) {
        return false;
    }
    heap->items = grown;
    heap->cap = cap;
    return true;
}

static void place(struct flight_heap *heap, size_t at, struct flight *f)
{
    heap->items[at] = f;
    f->heap_at = at + 1;
}

/* Moves the flight at `at` up or down to where its time belongs. */
static void settle(struct flight_heap *heap, size_t at)
{
    struct flight *f = heap->items[at];
    while (at > 0 && heap->items[(at - 1) / 2]->wake > f->wake) {
        place(heap, at, heap->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < heap->count && heap->items[child + 1]->wake < heap->items[child]->wake) {
            child++;
        }
        if (child >= heap->count || heap->items[child]->wake >= f->wake) {
            break;
        }
        place(heap, at, heap->items[child]);
        at = child;
    }
    place(heap, at, f);
}

void heap_put(struct flight_heap *heap, struct flight *f, int64_t wake)
{
    if (f->heap_at == 0) {
        if (wake == CALL_NEVER) {
            return;
        }
        f->wake = wake;
        place(heap, heap->count++, f);
        settle(heap, f->heap_at - 1);
        return;
    }
    if (f->wake == wake) {
        return;
    }
    f->wake = wake;
    size_t at = f->heap_at - 1;
    if (wake == CALL_NEVER) {
        struct flight *last = heap->items[--heap->count];
        f->heap_at = 0;
        if (last == f) {
            return;
        }
        place(heap, at, last);
    }
    settle(heap, at);
}

struct flight *heap_first(const struct flight_heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}
