/*
 * An invented issue is not stored: it is made from the repository's seed and its number each time
 * it is looked at. What callers create is stored after those.
 */
#include "github.h"

#include "base/mem.h"
#include "emit.h"
#include "http/header_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPOS 1000
#define MAX_MADE 10000 /* issues created in one repository */

/* A repository: its invented issues are numbered 1 to `invented`, those that were created follow.
 */
struct repo {
    char *owner, *name; /* owned */
    uint64_t seed;
    int64_t invented;
    struct issue *made; /* owned; newest last. The strings are owned, too, but for the author's */
    size_t count, cap;
};

struct github {
    struct repo *repos; /* owned */
    size_t count, cap;
};

/* ---- issues ---- */

void issue_invent(struct issue *issue, uint64_t seed, int64_t number, int64_t newest)
{
    struct dice dice = {seed ^ (uint64_t)number * UINT64_C(0x9e3779b97f4a7c15)};
    size_t labels = dice_below(&dice, 4), first = dice_below(&dice, 8);
    memset(issue, 0, sizeof *issue);
    issue->number = number;
    invent_title(&dice, issue->title, sizeof issue->title);
    issue->body = invent_paragraph(&dice);
    issue->author = invent_person(dice_roll(&dice))->login;
    for (size_t i = 0; i < labels; i++) {
        issue->labels[issue->label_count++] = invent_label(first + i * 3)->name;
    }
    issue->closed = dice_below(&dice, 3) == 0;
    issue->comments = (int64_t)dice_below(&dice, 24);
    issue->created =
        INVENT_NOW - (newest - number) % 400 * 230000 - (int64_t)dice_below(&dice, 200000);
    issue->updated = issue->created + (int64_t)dice_below(&dice, (size_t)(45 * INVENT_DAY));
    if (issue->updated > INVENT_NOW) {
        issue->updated =
            INVENT_NOW - (int64_t)dice_below(&dice, (size_t)(INVENT_NOW - issue->created));
    }
}

/* Labels by their names; colour and description where it is one of the known ones. */
static void emit_labels(struct buf *out, const struct issue *issue)
{
    emit_open(out, "labels", '[');
    for (size_t i = 0; i < issue->label_count; i++) {
        const struct label *known = invent_label_named(issue->labels[i]);
        emit_open(out, NULL, '{');
        emit_text(out, "name", issue->labels[i]);
        emit_text(out, "color", known ? known->color : "cccccc");
        emit_text(out, "description", known ? known->about : NULL);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

/* The user of this login, with links made from it. */
static void emit_user(struct buf *out, const char *key, const char *login)
{
    emit_open(out, key, '{');
    emit_text(out, "login", login);
    emit_format(out, "avatar_url", "https://avatars.example.com/%s.png", login);
    emit_format(out, "html_url", "https://github.example.com/%s", login);
    emit_close(out, '}');
}

void issue_emit(struct buf *out, const struct issue *issue, const char *owner, const char *repo)
{
    emit_open(out, NULL, '{');
    emit_int(out, "id", 2800000000 + issue->number * 37);
    emit_int(out, "number", issue->number);
    emit_text(out, "title", issue->title);
    emit_text(out, "body", issue->body);
    emit_text(out, "state", issue->closed ? "closed" : "open");
    emit_user(out, "user", issue->author);
    emit_labels(out, issue);
    emit_int(out, "comments", issue->comments);
    emit_time(out, "created_at", issue->created);
    emit_time(out, "updated_at", issue->updated);
    emit_format(out, "html_url", "https://github.example.com/%.60s/%.60s/issues/%lld", owner, repo,
                (long long)issue->number);
    emit_close(out, '}');
}

/* ---- repositories ---- */

/* A repository that was asked for before; NULL: none. */
static struct repo *find_repo(struct github *github, const char *owner, const char *name)
{
    for (size_t i = 0; i < github->count; i++) {
        if (strcmp(github->repos[i].owner, owner) == 0 &&
            strcmp(github->repos[i].name, name) == 0) {
            return &github->repos[i];
        }
    }
    return NULL;
}

/* Any repository exists from the time it is asked for. NULL: no memory, or too many. */
static struct repo *add_repo(struct github *github, uint64_t seed, const char *owner,
                             const char *name)
{
    if (github->count == github->cap) {
        size_t cap = github->cap ? github->cap * 2 : 8;
        struct repo *repos =
            cap > 2 * MAX_REPOS ? NULL : mem_realloc(github->repos, cap * sizeof *repos);
        if (!repos) {
            return NULL;
        }
        github->repos = repos;
        github->cap = cap;
    }
    struct dice dice = {seed};
    for (const char *c = name; *c; c++) {
        dice.state = dice_roll(&dice) ^ (unsigned char)*c;
    }
    struct repo *repo = &github->repos[github->count];
    *repo =
        (struct repo){.seed = dice_roll(&dice), .invented = 60 + (int64_t)dice_below(&dice, 150)};
    repo->owner = mem_dup(owner, strlen(owner));
    repo->name = mem_dup(name, strlen(name));
    if (!repo->owner || !repo->name) {
        mem_free(repo->owner);
        mem_free(repo->name);
        return NULL;
    }
    github->count++;
    return repo;
}

/* The repository that `owner` and `repo` name; NULL: the response is made. */
static struct repo *repo_of(const struct run *run, struct response *response)
{
    struct sandbox *sandbox = run->sandbox;
    char owner[101], name[101];
    run_copy(run, "owner", owner, sizeof owner);
    run_copy(run, "repo", name, sizeof name);
    if (!sandbox->github) {
        sandbox->github = mem_zalloc(1, sizeof *sandbox->github);
    }
    struct repo *repo = sandbox->github ? find_repo(sandbox->github, owner, name) : NULL;
    if (!repo && sandbox->github) {
        repo = add_repo(sandbox->github, sandbox->options.seed, owner, name);
    }
    if (!repo) {
        response_error(response, 500, "too_many", "There are too many repositories.");
    }
    return repo;
}

/* The issue of that number; false: there is none. */
static bool get_issue(const struct repo *repo, int64_t number, struct issue *out)
{
    if (number < 1 || number > repo->invented + (int64_t)repo->count) {
        return false;
    }
    if (number <= repo->invented) {
        issue_invent(out, repo->seed, number, repo->invented);
    } else {
        *out = repo->made[number - repo->invented - 1];
    }
    return true;
}

/* ---- creating and reading one ---- */

/* Frees the strings of an issue that was created; invented ones own none. */
static void issue_free(struct issue *issue)
{
    union {
        const char *text;
        void *owned;
    } body = {issue->body}, label;
    mem_free(body.owned);
    for (size_t i = 0; i < issue->label_count; i++) {
        label.text = issue->labels[i];
        mem_free(label.owned);
    }
}

/* Copies the labels of the request. False: no memory. */
static bool copy_labels(const struct run *run, struct issue *issue)
{
    uint32_t labels = run_node(run, "labels");
    uint32_t end = labels == JSON_NONE ? 0 : json_next(run->params, labels);
    for (uint32_t i = labels + 1; i < end && issue->label_count < ISSUE_LABELS;
         i = json_next(run->params, i)) {
        size_t len;
        const char *text = json_text(run->params, i, &len);
        char *copy = mem_dup(text, len);
        if (!copy) {
            return false;
        }
        issue->labels[issue->label_count++] = copy;
    }
    return true;
}

/* Makes an issue of the request at the end of the repository's. NULL: no memory, or too many. */
static const struct issue *add_issue(const struct run *run, struct repo *repo)
{
    struct issue issue = {.number = repo->invented + (int64_t)repo->count + 1, .author = "ada"};
    size_t len;
    if (repo->count == repo->cap) {
        size_t cap = repo->cap ? repo->cap * 2 : 4;
        struct issue *made = cap > MAX_MADE ? NULL : mem_realloc(repo->made, cap * sizeof *made);
        if (!made) {
            return NULL;
        }
        repo->made = made;
        repo->cap = cap;
    }
    const char *body = run_text(run, "body", &len);
    run_copy(run, "title", issue.title, sizeof issue.title);
    issue.created = issue.updated = INVENT_NOW + issue.number;
    issue.body = body ? mem_dup(body, len) : NULL;
    if ((body && !issue.body) || !copy_labels(run, &issue)) {
        issue_free(&issue);
        return NULL;
    }
    repo->made[repo->count] = issue;
    return &repo->made[repo->count++];
}

/* Opens an issue, which can be read and is listed from then on. */
void github_create_issue(const struct run *run, struct response *response)
{
    struct repo *repo = repo_of(run, response);
    if (!repo) {
        return;
    }
    const struct issue *issue = add_issue(run, repo);
    if (!issue) {
        response_error(response, 500, "too_many", "There are too many issues.");
        return;
    }
    issue_emit(&response->data, issue, repo->owner, repo->name);
}

/* Reads an issue, whichever way it came to be. */
void github_get_issue(const struct run *run, struct response *response)
{
    const struct repo *repo = repo_of(run, response);
    struct issue issue;
    if (!repo) {
        return;
    }
    if (!get_issue(repo, run_int(run, "issue_number", 0), &issue)) {
        response_error(response, 404, "issue_not_found", "There is no issue of this number.");
        return;
    }
    issue_emit(&response->data, &issue, repo->owner, repo->name);
}

/* ---- lists of them ---- */

/* True when one of the issue's labels is this. NULL: none is. */
static bool has_label(const struct issue *issue, const char *text, size_t len)
{
    for (size_t i = 0; text && i < issue->label_count; i++) {
        if (strlen(issue->labels[i]) == len && memcmp(issue->labels[i], text, len) == 0) {
            return true;
        }
    }
    return false;
}

/* True when the issue has every label that was asked for. */
static bool has_labels(const struct run *run, const struct issue *issue)
{
    uint32_t labels = run_node(run, "labels");
    uint32_t end = labels == JSON_NONE ? 0 : json_next(run->params, labels);
    for (uint32_t i = labels + 1; i < end; i = json_next(run->params, i)) {
        size_t len;
        const char *text = json_text(run->params, i, &len);
        if (!has_label(issue, text, len)) {
            return false;
        }
    }
    return true;
}

/* The text of a field that filters can name; NULL: it isn't one. */
static const char *field_text(const struct issue *issue, const struct json_doc *doc, uint32_t name)
{
    if (json_is(doc, name, "title")) {
        return issue->title;
    }
    if (json_is(doc, name, "user.login")) {
        return issue->author;
    }
    return json_is(doc, name, "state") ? (issue->closed ? "closed" : "open") : NULL;
}

/* True when one member of `list`, or `list` itself, is the text. */
static bool is_among(const struct json_doc *doc, uint32_t list, const char *text)
{
    if (json_type(doc, list) == JSON_STRING) {
        return json_is(doc, list, text);
    }
    uint32_t end = json_next(doc, list);
    for (uint32_t i = list + 1; i < end; i = json_next(doc, i)) {
        if (json_is(doc, i, text)) {
            return true;
        }
    }
    return false;
}

/* True when `number` is within the filter's bounds. */
static bool in_range(const struct json_doc *doc, uint32_t filter, int64_t number)
{
    uint32_t from = json_member(doc, filter, "from_value"),
             to = json_member(doc, filter, "to_value");
    bool low = from != JSON_NONE && json_type(doc, from) != JSON_NULL &&
               (double)number < json_number(doc, from);
    bool high =
        to != JSON_NONE && json_type(doc, to) != JSON_NULL && (double)number > json_number(doc, to);
    return !low && !high;
}

/* True when the issue passes one filter of the union; one whose field is unknown lets everything
 * pass. */
static bool passes(const struct issue *issue, const struct json_doc *doc, uint32_t filter)
{
    uint32_t name = json_member(doc, filter, "field_name"), type = json_member(doc, filter, "type");
    uint32_t value = json_member(doc, filter, "value");
    if (json_is(doc, type, "number_range")) {
        return in_range(doc, filter,
                        json_is(doc, name, "number") ? issue->number : issue->comments);
    }
    const char *text = field_text(issue, doc, name);
    value = value == JSON_NONE ? json_member(doc, filter, "values") : value;
    return !text || value == JSON_NONE || is_among(doc, value, text);
}

/* True when the issue is what the list asks for: by state, labels and every filter. */
static bool passes_all(const struct run *run, const struct issue *issue)
{
    uint32_t filters = run_node(run, "filters");
    uint32_t end = filters == JSON_NONE ? 0 : json_next(run->params, filters);
    for (uint32_t i = filters + 1; i < end; i = json_next(run->params, i)) {
        if (!passes(issue, run->params, i)) {
            return false;
        }
    }
    bool state = run_is(run, "state", "all") || issue->closed == run_is(run, "state", "closed");
    return state && has_labels(run, issue);
}

/* True when the words of `query` are in the title, whatever their case. */
static bool is_found(const struct run *run, const struct issue *issue)
{
    size_t len, title = strlen(issue->title);
    const char *query = run_text(run, "query", &len);
    for (size_t i = 0; query && i + len <= title; i++) {
        if (http_same(issue->title + i, len, query, len)) {
            return true;
        }
    }
    return false;
}

typedef bool issue_test(const struct run *run, const struct issue *issue);

/* An owned list of all issues that pass; NULL: no memory. */
static struct issue *collect(const struct run *run, const struct repo *repo, issue_test *test,
                             size_t *count)
{
    int64_t all = repo->invented + (int64_t)repo->count;
    struct issue *list = mem_zalloc((size_t)all, sizeof *list);
    *count = 0;
    for (int64_t number = all; list && number > 0; number--) {
        if (get_issue(repo, number, &list[*count]) && test(run, &list[*count])) {
            ++*count;
        }
    }
    return list;
}

/* For qsort, the latest first. Equal ones have no order, which a seed never shows. */
static int by_created(const void *a, const void *b)
{
    int64_t x = ((const struct issue *)a)->created, y = ((const struct issue *)b)->created;
    return (x < y) - (x > y);
}

/* The last touched first. */
static int by_updated(const void *a, const void *b)
{
    int64_t x = ((const struct issue *)a)->updated, y = ((const struct issue *)b)->updated;
    return (x < y) - (x > y);
}

/* The most talked about first. */
static int by_comments(const void *a, const void *b)
{
    int64_t x = ((const struct issue *)a)->comments, y = ((const struct issue *)b)->comments;
    return (x < y) - (x > y);
}

/* Writes a window of the list, from its end where the order is upwards. */
static void emit_issues(struct response *response, const struct repo *repo,
                        const struct issue *list, struct window window, size_t count,
                        bool ascending)
{
    emit_open(&response->data, NULL, '[');
    for (int64_t i = 0; i < window.count; i++) {
        size_t at = (size_t)(window.first + i);
        issue_emit(&response->data, &list[ascending ? count - 1 - at : at], repo->owner,
                   repo->name);
    }
    emit_close(&response->data, ']');
}

/* Filters, sorts and cuts a page out. Page style. */
void github_list_issues(const struct run *run, struct response *response)
{
    const struct repo *repo = repo_of(run, response);
    size_t count;
    if (!repo) {
        return;
    }
    struct issue *list = collect(run, repo, passes_all, &count);
    if (!list) {
        response_error(response, 500, "no_memory", "no memory");
        return;
    }
    qsort(list, count, sizeof *list,
          run_is(run, "sort", "updated")    ? by_updated
          : run_is(run, "sort", "comments") ? by_comments
                                            : by_created);
    struct window window = run_page(run, response, (int64_t)count, 30);
    emit_issues(response, repo, list, window, count, run_is(run, "direction", "asc"));
    mem_free(list);
}

/* The same by words of the title. Cursor style. */
void github_search_issues(const struct run *run, struct response *response)
{
    const struct repo *repo = repo_of(run, response);
    size_t count;
    if (!repo) {
        return;
    }
    struct issue *list = collect(run, repo, is_found, &count);
    if (!list) {
        response_error(response, 500, "no_memory", "no memory");
        return;
    }
    struct window window = run_cursor(run, response, (int64_t)count, "cursor", "per_page", 30);
    emit_issues(response, repo, list, window, count, false);
    mem_free(list);
}

void github_free(struct github *github)
{
    for (size_t i = 0; github && i < github->count; i++) {
        struct repo *repo = &github->repos[i];
        for (size_t k = 0; k < repo->count; k++) {
            issue_free(&repo->made[k]);
        }
        mem_free(repo->made);
        mem_free(repo->owner);
        mem_free(repo->name);
    }
    if (github) {
        mem_free(github->repos);
    }
    mem_free(github);
}
