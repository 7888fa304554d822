#include "transport/transfer_internal.h"

#include "base/mem.h"

/* ---- lists ---- */

void list_init(struct flight_list *list, enum flight_link link)
{
    list->first = list->last = NULL;
    list->count = 0;
    list->link = link;
}

/* A flight knows whether it is in, so adding and removing need no search. */
void list_add(struct flight_list *list, struct flight *f)
{
    if (f->links[list->link].linked) {
        return;
    }
    f->links[list->link].linked = true;
    f->links[list->link].previous = list->last;
    f->links[list->link].next = NULL;
    if (list->last) {
        list->last->links[list->link].next = f;
    } else {
        list->first = f;
    }
    list->last = f;
    list->count++;
}

void list_remove(struct flight_list *list, struct flight *f)
{
    struct flight *previous = f->links[list->link].previous;
    struct flight *next = f->links[list->link].next;
    if (!f->links[list->link].linked) {
        return;
    }
    f->links[list->link].linked = false;
    if (previous) {
        previous->links[list->link].next = next;
    } else {
        list->first = next;
    }
    if (next) {
        next->links[list->link].previous = previous;
    } else {
        list->last = previous;
    }
    list->count--;
}

struct flight *list_take(struct flight_list *list)
{
    struct flight *f = list->first;
    if (f) {
        list_remove(list, f);
    }
    return f;
}

/* ---- the heap: a binary one; items[i] is never later than its children 2i+1 and 2i+2 ---- */

/* Doubles, so that growing costs a constant for each flight. */
bool heap_reserve(struct flight_heap *heap, size_t count)
{
    if (count <= heap->cap) {
        return true;
    }
    size_t cap = heap->cap ? heap->cap * 2 : 16;
    cap = cap < count ? count : cap;
    if (cap > SIZE_MAX / sizeof(struct flight *)) {
        return false;
    }
    struct flight **grown = mem_realloc(heap->items, cap * sizeof(struct flight *));
    if (!grown) {
        return false;
    }
    heap->items = grown;
    heap->cap = cap;
    return true;
}

/* Writes a flight into a place, and the place into the flight. */
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

/* The last one takes the place that becomes free. */
static void take_out(struct flight_heap *heap, struct flight *f)
{
    size_t at = f->heap_at - 1;
    struct flight *last = heap->items[--heap->count];
    f->heap_at = 0;
    if (last != f) {
        place(heap, at, last);
        settle(heap, at);
    }
}

/* A time that is the same already moves nothing. */
void heap_put(struct flight_heap *heap, struct flight *f, int64_t wake)
{
    bool inside = f->heap_at > 0;
    if (wake == CALL_NEVER) {
        if (inside) {
            take_out(heap, f);
        }
        return;
    }
    if (inside && f->wake == wake) {
        return;
    }
    f->wake = wake;
    if (!inside) {
        place(heap, heap->count++, f);
    }
    settle(heap, f->heap_at - 1);
}

struct flight *heap_first(const struct flight_heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}
