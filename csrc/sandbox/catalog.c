/*
 * The catalog: the tools are those of the registry, each connector is an MCP server, and a few
 * skills are made up. Search counts words, which is enough to see its form.
 */
#include "catalog.h"

#include "base/mem.h"
#include "emit.h"
#include "http/header_fields.h"

#include <stdio.h>
#include <string.h>

#define MAX_CARDS 512
#define MAX_COUNT 50

enum kind { TOOLS, MCPS, SKILLS };

/* One thing of the catalog. */
struct card {
    enum kind kind;
    char name[160];
    const char *about, *connector, *category; /* NULL where the kind has none */
    const char *source, *author, *url;
    int64_t tools; /* MCPS: how many it has */
    double score;
};

static const struct card skills[] = {
    {SKILLS, "code-review", "Reviews a pull request and names what matters.", NULL, NULL, "agent",
     "ada", "https://github.com/example/skills/tree/main/code-review", 0, 0},
    {SKILLS, "issue-triage", "Sorts new issues by label and urgency.", NULL, NULL, "agent", "grace",
     "https://github.com/example/skills/tree/main/issue-triage", 0, 0},
    {SKILLS, "meeting-minutes", "Writes minutes from a transcript.", NULL, NULL, "openclaw", NULL,
     NULL, 0, 0},
    {SKILLS, "inbox-zero", "Answers and files the mail of a day.", NULL, NULL, "openclaw", "alan",
     NULL, 0, 0},
    {SKILLS, "spreadsheet-doctor", "Finds broken formulas.", NULL, NULL, "agent", NULL,
     "https://github.com/example/skills/tree/main/spreadsheet-doctor", 0, 0},
};

static const char *category_of(const char *connector)
{
    static const char *const pairs[][2] = {{"github", "development"},
                                           {"google_drive", "files"},
                                           {"google_mail", "mail"},
                                           {"lab", "testing"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (strcmp(pairs[i][0], connector) == 0) {
            return pairs[i][1];
        }
    }
    return "other";
}

/* ---- cards ---- */

static void name_tool(struct card *card, const char *connector, const char *action)
{
    (void)snprintf(card->name, sizeof card->name, "%s_%s_tool", connector, action);
    for (char *at = card->name; *at; at++) {
        *at = *at == '-' ? '_' : *at;
    }
}

/* The tools of one connector, those left out that come later. */
static size_t tool_cards(struct registry *registry, const struct connector_served *served,
                         struct card *out, size_t max)
{
    const char *connector = served->def->name;
    size_t count = 0;
    for (size_t i = 0; i < served->count && count < max; i++) {
        const struct action_def *def = served->actions[i].def;
        if (!registry_action(registry, connector, strlen(connector), def->name,
                             strlen(def->name))) {
            continue;
        }
        out[count] = (struct card){.kind = TOOLS,
                                   .about = def->about,
                                   .connector = connector,
                                   .category = category_of(connector),
                                   .source = "internal"};
        name_tool(&out[count++], connector, def->name);
    }
    return count;
}

static void mcp_card(struct card *out, const struct connector_served *served)
{
    *out = (struct card){.kind = MCPS,
                         .about = served->def->title,
                         .connector = served->def->name,
                         .category = category_of(served->def->name),
                         .source = "internal",
                         .tools = (int64_t)served->count};
    (void)snprintf(out->name, sizeof out->name, "%s", served->def->name);
}

/* All that there is of a kind; an owned list, NULL without memory. */
static struct card *all_cards(struct registry *registry, enum kind kind, size_t *count)
{
    struct card *list = mem_zalloc(MAX_CARDS, sizeof *list);
    *count = 0;
    if (!list) {
        return NULL;
    }
    for (size_t i = 0; kind == SKILLS && i < sizeof skills / sizeof skills[0]; i++) {
        list[(*count)++] = skills[i];
    }
    for (size_t i = 0; kind != SKILLS && i < registry->count; i++) {
        if (kind == TOOLS) {
            *count += tool_cards(registry, &registry->list[i], list + *count, MAX_CARDS - *count);
        } else {
            mcp_card(&list[(*count)++], &registry->list[i]);
        }
    }
    return list;
}

static void emit_config(struct exchange *x, struct buf *out, const struct card *card)
{
    const char *host = exchange_field(x, "Host");
    char url[300];
    (void)snprintf(url, sizeof url, "%s://%s/mcp/%s",
                   x->sandbox->options.tls_cert ? "https" : "http", host ? host : "localhost",
                   card->connector);
    emit_text(out, "mcp_url", url);
    emit_open(out, "config", '{');
    emit_text(out, "url", url);
    emit_open(out, "headers", '{');
    emit_text(out, "X-Connector", card->connector);
    emit_text(out, "Authorization", "");
    emit_close(out, '}');
    emit_close(out, '}');
    emit_int(out, "tool_count", card->tools);
}

static void emit_card(struct exchange *x, struct buf *out, const struct card *card)
{
    emit_open(out, NULL, '{');
    emit_text(out, "name", card->name);
    emit_text(out, "description", card->about);
    if (card->kind == TOOLS) {
        emit_text(out, "connector", card->connector);
    } else if (card->kind == MCPS) {
        emit_config(x, out, card);
    }
    if (card->category) {
        emit_open(out, "categories", '[');
        emit_text(out, NULL, card->category);
        emit_close(out, ']');
    }
    emit_text(out, "source", card->source);
    if (card->author) {
        emit_text(out, "author", card->author);
    }
    if (card->url) {
        emit_text(out, "url", card->url);
    }
    if (card->score > 0) {
        buf_addf(out, ",\"score\":%g", card->score);
    }
    emit_close(out, '}');
}

/* ---- the query ---- */

void query_refuse(struct response *response, const char *name, const char *type,
                  const char *message)
{
    response->kind = RESPONSE_BODY;
    response->status = 422;
    buf_clear(&response->body);
    emit_open(&response->body, NULL, '{');
    emit_open(&response->body, "detail", '[');
    emit_open(&response->body, NULL, '{');
    emit_text(&response->body, "type", type);
    emit_open(&response->body, "loc", '[');
    emit_text(&response->body, NULL, "query");
    emit_text(&response->body, NULL, name);
    emit_close(&response->body, ']');
    emit_text(&response->body, "msg", message);
    emit_close(&response->body, '}');
    emit_close(&response->body, ']');
    emit_close(&response->body, '}');
}

/* At most nine digits; -1: no number. */
static int64_t read_digits(const struct buf *text)
{
    int64_t value = 0;
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] < '0' || text->data[i] > '9' || i >= 9) {
            return -1;
        }
        value = value * 10 + (text->data[i] - '0');
    }
    return text->len > 0 ? value : -1;
}

bool query_number(struct exchange *x, struct response *response, const char *name, int64_t least,
                  int64_t most, int64_t preset, int64_t *out)
{
    struct buf text;
    buf_init(&text);
    *out = preset;
    if (exchange_query(x, name, &text)) {
        *out = read_digits(&text);
    }
    buf_free(&text);
    if (*out >= least && *out <= most) {
        return true;
    }
    query_refuse(response, name, "int_parsing",
                 "Input should be a valid integer within its bounds");
    return false;
}

bool window_read(struct exchange *x, struct response *response, struct window *window)
{
    return query_number(x, response, "limit", 1, 200, 50, &window->limit) &&
           query_number(x, response, "offset", 0, 999999999, 0, &window->offset);
}

void window_emit(struct buf *out, const struct window *window, int64_t total)
{
    emit_open(out, "meta", '{');
    emit_int(out, "total", total);
    emit_int(out, "limit", window->limit);
    emit_int(out, "offset", window->offset);
    emit_close(out, '}');
}

/* True when the text holds the word, in whatever case. */
static bool holds(const char *text, const char *word, size_t len)
{
    for (; text && strlen(text) >= len; text++) {
        if (http_same(text, len, word, len)) {
            return true;
        }
    }
    return false;
}

/* True unless the query names another `value` under this name. */
static bool is_wanted(struct exchange *x, const char *name, const char *value)
{
    struct buf wanted;
    buf_init(&wanted);
    bool asked = exchange_query(x, name, &wanted);
    bool same = asked && value && wanted.len == strlen(value) &&
                memcmp(wanted.data ? wanted.data : "", value, wanted.len) == 0;
    buf_free(&wanted);
    return !asked || same;
}

static bool matches(struct exchange *x, const struct card *card)
{
    struct buf q;
    buf_init(&q);
    bool found = true;
    if (exchange_query(x, "q", &q) && q.len > 0) {
        found = holds(card->name, q.data, q.len) || holds(card->about, q.data, q.len);
    }
    buf_free(&q);
    return found && is_wanted(x, "connector", card->connector) &&
           is_wanted(x, "category", card->category) &&
           (card->kind != SKILLS || is_wanted(x, "source", card->source));
}

/* ---- lists ---- */

static void response_list(struct exchange *x, struct response *response, enum kind kind)
{
    struct window window;
    size_t count;
    int64_t seen = 0;
    if (!window_read(x, response, &window)) {
        return;
    }
    struct card *list = all_cards(&x->sandbox->registry, kind, &count);
    response->kind = RESPONSE_BODY;
    if (!list) {
        response->body.failed = true;
        return;
    }
    emit_open(&response->body, NULL, '{');
    emit_open(&response->body, "items", '[');
    for (size_t i = 0; i < count; i++) {
        if (matches(x, &list[i])) {
            if (seen >= window.offset && seen < window.offset + window.limit) {
                emit_card(x, &response->body, &list[i]);
            }
            seen++;
        }
    }
    emit_close(&response->body, ']');
    window_emit(&response->body, &window, seen);
    emit_close(&response->body, '}');
    mem_free(list);
}

void endpoint_catalog_tools(struct exchange *x, struct response *response)
{
    response_list(x, response, TOOLS);
}

void endpoint_catalog_mcps(struct exchange *x, struct response *response)
{
    response_list(x, response, MCPS);
}

void endpoint_catalog_skills(struct exchange *x, struct response *response)
{
    response_list(x, response, SKILLS);
}

/* ---- search ---- */

/* The part of the words that the card holds. */
static double score_of(const struct card *card, const char *words)
{
    int count = 0, found = 0;
    while (*words) {
        size_t len = strcspn(words, " ");
        if (len > 0) {
            count++;
            found += holds(card->name, words, len) || holds(card->about, words, len);
        }
        words += len + (words[len] == ' ');
    }
    return count > 0 ? (double)found / count : 0;
}

/* The best of a kind, the first of equals first. */
static void emit_best(struct exchange *x, struct buf *out, enum kind kind, const char *words,
                      int64_t most)
{
    size_t count;
    struct card *list = all_cards(&x->sandbox->registry, kind, &count);
    if (!list) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        list[i].score = score_of(&list[i], words);
    }
    for (; most > 0; most--) {
        struct card *best = NULL;
        for (size_t i = 0; i < count; i++) {
            if (list[i].score > (best ? best->score : 0)) {
                best = &list[i];
            }
        }
        if (!best) {
            break;
        }
        emit_card(x, out, best);
        best->score = 0;
    }
    mem_free(list);
}

/* True when the list of kinds, apart by commas, has this one; without a list all are wanted. */
static bool has_kind(const struct buf *kinds, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i + len <= kinds->len; i++) {
        bool begins = i == 0 || kinds->data[i - 1] == ',';
        bool ends = i + len == kinds->len || kinds->data[i + len] == ',';
        if (begins && ends && memcmp(kinds->data + i, name, len) == 0) {
            return true;
        }
    }
    return kinds->len == 0;
}

static void response_search(struct exchange *x, struct response *response, const char *words,
                            const struct buf *kinds)
{
    static const char *const names[] = {"tools", "mcp", "skills"};
    struct buf *out = &response->body;
    int64_t count;
    if (!query_number(x, response, "count", 1, MAX_COUNT, 5, &count)) {
        return;
    }
    response->kind = RESPONSE_BODY;
    emit_open(out, NULL, '{');
    emit_text(out, "query", words);
    emit_open(out, "backend", '{');
    emit_text(out, "provider", "sandbox");
    emit_text(out, "model", "words");
    emit_int(out, "dimension", 1);
    emit_close(out, '}');
    for (int kind = TOOLS; kind <= SKILLS; kind++) {
        emit_open(out, names[kind], '[');
        if (has_kind(kinds, names[kind])) {
            emit_best(x, out, (enum kind)kind, words, count);
        }
        emit_close(out, ']');
    }
    emit_close(out, '}');
}

/* GET /catalog/search: needs a user, since the real one is billed. */
void endpoint_catalog_search(struct exchange *x, struct response *response)
{
    struct buf q, kinds;
    size_t len;
    buf_init(&q);
    buf_init(&kinds);
    (void)exchange_query(x, "q", &q);
    (void)exchange_query(x, "kinds", &kinds);
    char *words = buf_take(&q, &len);
    if (!words || len == 0 || strlen(words) != len) {
        query_refuse(response, "q", "string_too_short", "String should have at least 1 character");
    } else {
        response_search(x, response, words, &kinds);
    }
    mem_free(words);
    buf_free(&kinds);
}
