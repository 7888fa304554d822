/*
 * github: issues, pull requests and commits that were made up, and the issues that callers create.
 */
#ifndef SANDBOX_GITHUB_H
#define SANDBOX_GITHUB_H

#include "run.h"

#define ISSUE_LABELS 8

/* An issue; its strings are static, or belong to the repository it was created in, but for `title`.
 */
struct issue {
    int64_t number;
    char title[256];
    const char *body, *author;
    const char *labels[ISSUE_LABELS];
    size_t label_count;
    bool closed;
    int64_t comments, created, updated;
};

/* The made-up issue of that number, of a list with `newest` as its last; the same each time for the
 * same seed. */
void issue_invent(struct issue *issue, uint64_t seed, int64_t number, int64_t newest);

/* Writes an issue of a repository as a response has it. */
void issue_emit(struct buf *out, const struct issue *issue, const char *owner, const char *repo);

action_handler github_create_issue, github_get_issue, github_list_issues, github_search_issues;

#endif
