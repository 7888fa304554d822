/*
 * lab: a connector whose actions do what tests and benchmarks need.
 */
#ifndef SANDBOX_LAB_H
#define SANDBOX_LAB_H

#include "run.h"

/* Lists and small responses. */
action_handler lab_list_pages, lab_list_cursor, lab_loop_cursor, lab_small, lab_list_bytes,
    lab_count, lab_slow, lab_integers, lab_ok;

/* What came in, and faults on the way out. */
action_handler lab_echo, lab_echo_params, lab_echo_form, lab_upload, lab_download, lab_fault;

#endif
