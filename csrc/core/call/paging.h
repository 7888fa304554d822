/*
 * paging: which request gives the next page, by the meta of a response.
 */
#ifndef BOSA_PAGING_H
#define BOSA_PAGING_H

#include "call/call.h"

/*
 * meta's has_next / has_prev; where it is missing: whether there is a forward cursor or a later /
 * earlier page number. Of a list that is paged by offset: whether `total` goes further than this
 * page, or, where it is missing, whether the page is full.
 */
bool paging_has(const struct call *call, bool forward);

/*
 * The invocation of the next (forward) or previous page of an ended, ok action call. *out NULL with
 * BOSA_OK: there is none. A cursor wins over a page number. BOSA_PROTOCOL: the server says there is
 * one but the action takes neither a cursor nor a page, or it is the page just asked for.
 * BOSA_PARAMS: the call uploaded a feed, which can't be given twice. BOSA_NOMEM.
 */
enum bosa_status paging_invocation(const struct call *call, bool forward, struct invocation **out,
                                   struct bosa_error *err);

/*
 * The node of the response's cursor that leads to the next or previous page, where the action takes
 * one: a string or an integer. JSON_NONE: that page isn't asked for by cursor.
 */
uint32_t paging_cursor(const struct call *call, bool forward);

/*
 * True when page-style numbers tell the pages ahead, so that they can be asked for in parallel;
 * *last: total_page, 0 when it isn't said.
 */
bool paging_numbered(const struct call *call, int64_t *page, int64_t *last);

/*
 * The same for a list that is paged by offset (endpoint_is_list): the call of the next or previous
 * page, in CALL_NEW. *out NULL with BOSA_OK: there is none.
 */
bool paging_is_offset(const struct call *call);
enum bosa_status paging_offset_call(const struct call *call, bool forward, struct call **out,
                                    struct bosa_error *err);

/* The invocation of page number `page` of a numbered list. NULL: no memory. */
struct invocation *paging_invocation_page(const struct call *call, int64_t page);

#endif
