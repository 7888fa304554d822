/*
 * Lists of jobs and the heap of times. Called by the other files of transport; nothing here can
 * fail but heap_reserve.
 */
#include "transport/transfer_internal.h"

#include "base/mem.h"

/* ---- lists ---- */

void list_init(struct job_list *list, enum job_link link)
{
    list->first = list->last = NULL;
    list->count = 0;
    list->link = link;
}

/* A job knows whether it is in, so adding and removing need no search. */
void list_add(struct job_list *list, struct job *j)
{
    if (j->links[list->link].linked) {
        return;
    }
    j->links[list->link].linked = true;
    j->links[list->link].previous = list->last;
    j->links[list->link].next = NULL;
    if (list->last) {
        list->last->links[list->link].next = j;
    } else {
        list->first = j;
    }
    list->last = j;
    list->count++;
}

void list_remove(struct job_list *list, struct job *j)
{
    struct job *previous = j->links[list->link].previous;
    struct job *next = j->links[list->link].next;
    if (!j->links[list->link].linked) {
        return;
    }
    j->links[list->link].linked = false;
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

struct job *list_take(struct job_list *list)
{
    struct job *j = list->first;
    if (j) {
        list_remove(list, j);
    }
    return j;
}

/* ---- the heap: a binary one; items[i] is never later than its children 2i+1 and 2i+2 ---- */

/* Doubles, so that growing costs a constant for each job. */
bool heap_reserve(struct job_heap *heap, size_t count)
{
    if (count <= heap->cap) {
        return true;
    }
    size_t cap = heap->cap ? heap->cap * 2 : 16;
    cap = cap < count ? count : cap;
    if (cap > SIZE_MAX / sizeof(struct job *)) {
        return false;
    }
    struct job **grown = mem_realloc(heap->items, cap * sizeof(struct job *));
    if (!grown) {
        return false;
    }
    heap->items = grown;
    heap->cap = cap;
    return true;
}

/* Writes a job into a place, and the place into the job. */
static void place(struct job_heap *heap, size_t at, struct job *j)
{
    heap->items[at] = j;
    j->heap_at = at + 1;
}

/* Moves the job at `at` up or down to where its time belongs. */
static void sift(struct job_heap *heap, size_t at)
{
    struct job *j = heap->items[at];
    while (at > 0 && heap->items[(at - 1) / 2]->wake > j->wake) {
        place(heap, at, heap->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < heap->count && heap->items[child + 1]->wake < heap->items[child]->wake) {
            child++;
        }
        if (child >= heap->count || heap->items[child]->wake >= j->wake) {
            break;
        }
        place(heap, at, heap->items[child]);
        at = child;
    }
    place(heap, at, j);
}

/* The last one takes the place that becomes free. */
static void take_out(struct job_heap *heap, struct job *j)
{
    size_t at = j->heap_at - 1;
    struct job *last = heap->items[--heap->count];
    j->heap_at = 0;
    if (last != j) {
        place(heap, at, last);
        sift(heap, at);
    }
}

/* A time that is the same already moves nothing. */
void heap_put(struct job_heap *heap, struct job *j, int64_t wake)
{
    bool inside = j->heap_at > 0;
    if (wake == CALL_NEVER) {
        if (inside) {
            take_out(heap, j);
        }
        return;
    }
    if (inside && j->wake == wake) {
        return;
    }
    j->wake = wake;
    if (!inside) {
        place(heap, heap->count++, j);
    }
    sift(heap, j->heap_at - 1);
}

struct job *heap_first(const struct job_heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}
