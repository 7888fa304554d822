/*
 * The list of validation errors, and their texts. Called by schema_report.c; it never prints a long
 * string whole.
 */
#include "schema/schema_internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "json/json_error.h"

#include <string.h>

#define SHOWN_STRING 40 /* bytes of a string that a message shows */
#define SHOWN_KEY 200   /* bytes of one name in a path */

/* ---- words ---- */

/* The start of a long string, cut on a UTF-8 boundary: it may be a secret or a file's content. */
static void show_string(struct buf *out, const char *text, size_t len)
{
    size_t shown = text_cut(text, len, SHOWN_STRING);
    json_write_string(out, text, shown);
    if (shown < len) {
        buf_adds(out, "...");
    }
}

void show_value(struct buf *out, const struct json_doc *doc, uint32_t node)
{
    const struct json_node *n = &doc->nodes[node];
    size_t len = 0;
    const char *text = json_text(doc, node, &len);
    struct bosa_error ignored;
    switch ((enum json_type)n->type) {
    case JSON_STRING:
        show_string(out, text, len);
        return;
    case JSON_DIGITS:
        buf_add(out, text, len < SHOWN_STRING ? len : SHOWN_STRING);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
    case JSON_FILE:
        buf_adds(out, json_type_name(doc, node));
        return;
    default:
        error_init(&ignored);
        if (json_write(out, doc, node, &ignored) != BOSA_OK) {
            buf_adds(out, json_type_name(doc, node));
        }
        error_clear(&ignored);
    }
}

void show_types(struct buf *out, unsigned types)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{TYPE_STRING, "string"},   {TYPE_INTEGER, "integer"}, {TYPE_NUMBER, "number"},
                 {TYPE_BOOLEAN, "boolean"}, {TYPE_ARRAY, "array"},     {TYPE_OBJECT, "object"},
                 {TYPE_FILE, "file"},       {TYPE_NULL, "null"}};
    if ((types | TYPE_FILE) == TYPE_ANY) {
        buf_adds(out, "any value");
        return;
    }
    bool some = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (types & names[i].bit) {
            buf_adds(out, some ? " or " : "");
            buf_adds(out, names[i].name);
            some = true;
        }
    }
    buf_adds(out, some ? "" : "nothing");
}

/* ---- the list ---- */

/* The list is opened now and closed by validation_errors_finish. */
void validation_errors_init(struct validation_errors *errors, const char *what)
{
    memset(errors, 0, sizeof *errors);
    json_init(&errors->list);
    errors->what = what;
    errors->open = json_open(&errors->list, JSON_ARRAY);
}

/* Writes "[2]". By hand, since deep values have many, and so a union's branches that are counted.
 */
static void write_index(struct buf *out, uint32_t index)
{
    char text[16];
    size_t at = sizeof text;
    text[--at] = ']';
    do {
        text[--at] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    text[--at] = '[';
    buf_add(out, text + at, sizeof text - at);
}

/*
 * Writes "filters[2].from_date"; nothing for the root. Recursion is as deep as SCHEMA_MAX_DEPTH
 * allows.
 */
static void write_path(struct buf *out, const struct place *at)
{
    if (!at->up) {
        return;
    }
    write_path(out, at->up);
    if (at->key) {
        buf_adds(out, out->len > 0 ? "." : "");
        buf_add(out, at->key, text_cut(at->key, at->key_len, SHOWN_KEY));
        buf_adds(out, at->key_len > SHOWN_KEY ? "..." : "");
    } else {
        write_index(out, at->index);
    }
}

/* "missing parameter `owner` (string)", "unknown parameter `onwer`; did you mean `owner`?",
 * "unknown parameter `limit`; there are page, query", "`path`: text" */
static void write_message(struct buf *out, const struct validation_errors *errors,
                          const struct place *at, const struct buf *path, const char *keyword,
                          const char *suggestion, const char *text)
{
    bool missing = strcmp(keyword, "required") == 0;
    bool unknown = strcmp(keyword, "additionalProperties") == 0;
    const char *what = at->up && !at->up->up ? errors->what : "name";
    if (missing || unknown) {
        buf_addf(out, "%s %s `%s`", missing ? "missing" : "unknown", what, path->data);
        if (missing && text[0]) {
            buf_addf(out, " (%s)", text);
        }
    } else if (path->len > 1) {
        buf_addf(out, "`%s`: %s", path->data, text);
    } else {
        buf_adds(out, text);
    }
    if (unknown && !suggestion && text[0]) {
        buf_addf(out, "; %s", text);
    }
    if (suggestion) {
        buf_addf(out, unknown ? "; did you mean `%s`?" : " (did you mean \"%s\"?)", suggestion);
    }
    buf_addc(out, '\0');
}

static void add_member(struct json_doc *list, const char *name, const char *value)
{
    json_add_string(list, name, strlen(name));
    json_add_string(list, value, strlen(value));
}

/* True when the same error stands in the list already: two parts of one schema may find it. */
static bool is_listed(const struct validation_errors *errors, const struct buf *path,
                      const char *keyword)
{
    uint32_t node = errors->open + 1;
    for (uint32_t i = 0; i < errors->listed; i++) {
        uint32_t p = json_member(&errors->list, node, "path");
        uint32_t k = json_member(&errors->list, node, "keyword");
        if (json_is(&errors->list, p, path->data) && json_is(&errors->list, k, keyword)) {
            return true;
        }
        node = json_next(&errors->list, node);
    }
    return false;
}

/* Appends the object that schema.h describes. */
static void list_error(struct validation_errors *errors, const char *path, const char *message,
                       const char *expected, const char *got, const char *keyword,
                       const char *suggestion)
{
    struct json_doc *list = &errors->list;
    uint32_t open = json_open(list, JSON_OBJECT);
    add_member(list, "path", path);
    add_member(list, "message", message);
    add_member(list, "expected", expected);
    add_member(list, "got", got);
    add_member(list, "keyword", keyword);
    if (suggestion) {
        add_member(list, "suggestion", suggestion);
    }
    json_close(list, open, suggestion ? 6 : 5);
    errors->listed++;
}

bool validation_errors_full(const struct validation_errors *errors)
{
    return errors->listed >= SCHEMA_MAX_ERRORS;
}

/* Puts an error into words, for the list or as the first of all. */
static void word_error(struct validation_errors *errors, const struct place *at,
                       const struct buf *path, const char *keyword, const char *expected,
                       const char *got, const char *suggestion, const char *text)
{
    struct buf message;
    buf_init(&message);
    write_message(&message, errors, at, path, keyword, suggestion, text);
    errors->failed = errors->failed || message.failed;
    if (!message.failed) { /* names are the server's */
        text_flatten(message.data, message.len - 1);
    }
    if (!message.failed && !errors->first) {
        errors->first = mem_dup(message.data, message.len - 1);
        errors->failed = errors->failed || !errors->first;
    }
    if (!message.failed && !validation_errors_full(errors)) {
        list_error(errors, path->data, message.data, expected, got, keyword, suggestion);
    }
    buf_free(&message);
}

/* Those past SCHEMA_MAX_ERRORS are counted only; a schema may make hundreds of thousands. */
void validation_errors_add(struct validation_errors *errors, const struct place *at,
                           const char *keyword, const char *expected, const char *got,
                           const char *suggestion, const char *text)
{
    struct buf path;
    if (errors->failed || errors->list.failed) {
        return; /* the list may be cut off, and is not to be looked at */
    }
    buf_init(&path);
    write_path(&path, at);
    buf_addc(&path, '\0');
    if (!path.failed && !is_listed(errors, &path, keyword)) {
        errors->count++;
        if (!validation_errors_full(errors)) {
            word_error(errors, at, &path, keyword, expected, got, suggestion, text);
        }
    }
    errors->failed = errors->failed || path.failed || errors->list.failed;
    buf_free(&path);
}

/* The list moves into the error's details. The count tells also those past SCHEMA_MAX_ERRORS. */
enum bosa_status validation_errors_finish(struct validation_errors *errors, struct bosa_error *err)
{
    json_close(&errors->list, errors->open, errors->listed);
    if (errors->failed || errors->list.failed) {
        return error_nomem(err);
    }
    const char *first = errors->first ? errors->first : "not valid";
    enum bosa_status status = errors->count > 1
                                  ? error_set(err, BOSA_PARAMS, "%s (and %lu more)", first,
                                              (unsigned long)(errors->count - 1))
                                  : error_set(err, BOSA_PARAMS, "%s", first);
    if (status == BOSA_PARAMS && json_error_attach(err, &errors->list) != BOSA_OK) {
        status = error_nomem(err);
    }
    return status;
}

void validation_errors_free(struct validation_errors *errors)
{
    json_free(&errors->list);
    mem_free(errors->first);
}
