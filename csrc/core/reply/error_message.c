/* Servers say what went wrong in half a dozen forms; here all of them become one sentence. */
#include "reply/error_message.h"

#include "base/mem.h"
#include "base/text.h"
#include "http/header_fields.h"
#include "http/media_type.h"
#include "reply/html_text.h"

#include <stdio.h>
#include <string.h>

#define MAX_SENTENCE 500 /* bytes of the server's words in a message */
#define MAX_HEADING 200  /* bytes of a page's title, and of its heading */
#define MAX_PLACE 100    /* bytes of one name in an error's place, and of a redirect's target */
#define MAX_TYPE 60      /* bytes of a content type in a message */
#define MAX_LINE 300     /* bytes of a line that lists validation errors */

/* ---- finding ---- */

uint32_t reply_root(const struct reply *reply)
{
    return reply->kind == REPLY_JSON ? 0 : JSON_NONE;
}

uint32_t reply_find(const struct reply *reply, uint32_t object, const char *name)
{
    return object == JSON_NONE ? JSON_NONE : json_member(&reply->doc, object, name);
}

/* A value that is a string and not empty. */
static bool string_at(const struct reply *reply, uint32_t node, struct words *out)
{
    if (node == JSON_NONE || json_type(&reply->doc, node) != JSON_STRING) {
        return false;
    }
    out->text = json_text(&reply->doc, node, &out->len);
    return out->len > 0;
}

bool reply_text(const struct reply *reply, uint32_t object, const char *name, struct words *out)
{
    return string_at(reply, reply_find(reply, object, name), out);
}

/* The newest form comes first; an `error` that is a string is one of the older ones. */
bool reply_message(const struct reply *reply, struct words *out)
{
    uint32_t root = reply_root(reply);
    uint32_t error = reply_find(reply, root, "error");
    uint32_t detail = reply_find(reply, root, "detail");
    uint32_t data = reply_find(reply, root, "data");
    return reply_text(reply, error, "message", out) || reply_text(reply, root, "error", out) ||
           reply_text(reply, root, "message", out) || reply_text(reply, root, "detail", out) ||
           reply_text(reply, detail, "message", out) || reply_text(reply, detail, "error", out) ||
           reply_text(reply, data, "error", out) || reply_text(reply, data, "message", out) ||
           string_at(reply, root, out);
}

/* ---- describing ---- */

/* The phrase of a status, NULL for one that has none. */
static const char *reason(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } reasons[] = {
        {300, "Multiple Choices"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {424, "Failed Dependency"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
        {508, "Loop Detected"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            return reasons[i].phrase;
        }
    }
    return NULL;
}

void reply_add_cut(struct buf *out, const struct reply *reply, const char *text, size_t len,
                   size_t max)
{
    char *copy = mem_dup(text, len);
    bool failed = !copy;
    if (copy && reply->secrets) {
        len = secrets_mask(reply->secrets, copy, len, false, &failed);
    }
    if (failed) {
        out->failed = true;
    } else {
        buf_add(out, copy, text_cut(copy, len, max));
        buf_adds(out, len > max ? "..." : "");
    }
    mem_free(copy);
}

/* Adds a validation error's place: ["body", "files", 0] is body.files[0]. */
static void add_place(struct buf *out, const struct reply *reply, uint32_t list)
{
    const struct json_doc *doc = &reply->doc;
    size_t start = out->len;
    uint32_t end = json_next(doc, list);
    for (uint32_t node = list + 1; node < end; node = json_next(doc, node)) {
        size_t len;
        const char *name = json_text(doc, node, &len);
        if (json_type(doc, node) == JSON_INT) {
            buf_addf(out, "[%lld]", (long long)doc->nodes[node].v.i);
        } else if (name) {
            buf_adds(out, out->len > start ? "." : "");
            reply_add_cut(out, reply, name, len, MAX_PLACE);
        }
    }
}

/* Adds one of a list of validation errors, {"loc", "msg"} or a string; false: it is neither. */
static bool add_fault(struct buf *out, const struct reply *reply, uint32_t node)
{
    const struct json_doc *doc = &reply->doc;
    struct words msg;
    if (json_type(doc, node) == JSON_STRING) {
        msg.text = json_text(doc, node, &msg.len);
    } else if (!reply_text(reply, node, "msg", &msg) && !reply_text(reply, node, "message", &msg)) {
        return false;
    }
    uint32_t place = reply_find(reply, node, "loc");
    if (place != JSON_NONE && json_type(doc, place) == JSON_ARRAY && doc->nodes[place].len > 0) {
        size_t start = out->len;
        add_place(out, reply, place);
        buf_adds(out, out->len > start ? ": " : "");
    }
    reply_add_cut(out, reply, msg.text, msg.len, MAX_SENTENCE);
    return true;
}

/*
 * Adds a list of validation errors: the first, those after it that fit the line, and how many more
 * there are.
 */
static bool add_faults(struct buf *out, const struct reply *reply, uint32_t list)
{
    const struct json_doc *doc = &reply->doc;
    uint32_t node = json_at(doc, list, 0);
    struct buf text;
    if (node == JSON_NONE) {
        return false;
    }
    buf_init(&text);
    bool fits = add_fault(&text, reply, node);
    bool some = fits;
    unsigned long left = doc->nodes[list].len;
    for (; fits && left > 0; left--) {
        if (left < doc->nodes[list].len) {
            buf_adds(out, "; ");
        } else {
            buf_addf(out, "%d: ", reply->status);
        }
        buf_add(out, text.data, text.len);
        out->failed = out->failed || text.failed;
        buf_clear(&text);
        if (left > 1) {
            node = json_next(doc, node);
            fits = add_fault(&text, reply, node) && out->len + text.len + 2 <= MAX_LINE;
        }
    }
    if (some && left > 0) {
        buf_addf(out, " (and %lu more)", left);
    }
    out->failed = out->failed || text.failed;
    buf_free(&text);
    return some;
}

/* The first line of a response in plain text; false for markup, broken JSON and nothing. */
static bool plain_line(const struct reply *reply, const char *type, size_t type_len,
                       struct words *out)
{
    if (type_len > 0 && !http_same(type, type_len, "text/plain", 10)) {
        return false;
    }
    out->text = reply->text.data;
    out->len = reply->text.len;
    while (out->len > 0 && (text_is_blank(out->text[0]) || text_is_control(out->text[0]))) {
        out->text++;
        out->len--;
    }
    size_t len = 0;
    while (len < out->len && out->text[len] != '\n' && out->text[len] != '\r') {
        len++;
    }
    out->len = len;
    return len > 0 && !strchr("<{[", out->text[0]);
}

/* Adds ": " and a sentence, unless it says no more than the phrase before it. */
static void add_sentence(struct buf *out, const struct reply *reply, const struct words *words,
                         const char *phrase)
{
    size_t len = words->len;
    while (len > 0 && strchr(". ", words->text[len - 1])) {
        len--;
    }
    if (!phrase || !http_same(words->text, len, phrase, strlen(phrase))) {
        buf_adds(out, ": ");
        reply_add_cut(out, reply, words->text, words->len, MAX_SENTENCE);
    }
}

/* True where a page says no more than the status does: "502 Bad Gateway", "Error 502", "504 Gateway
 * Time-out". */
static bool repeats_status(const char *text, size_t len, int status, const char *phrase)
{
    char known[128];
    (void)snprintf(known, sizeof known,
                   " %d %s error http code status temporarily request entity time out ", status,
                   phrase ? phrase : "");
    for (size_t i = 0; i < len;) {
        size_t word = 0;
        while (i + word < len && (text_is_alnum(text[i + word]) || (text[i + word] & 0x80))) {
            word++;
        }
        bool found = word == 0;
        for (size_t k = 0; !found && known[k]; k++) {
            found = known[k] == ' ' && strlen(known + k + 1) > word &&
                    http_same(known + k + 1, word, text + i, word) && known[k + 1 + word] == ' ';
        }
        if (!found) {
            return false;
        }
        i += word > 0 ? word : 1;
    }
    return true;
}

/* Adds the first sentence below the heading. One word alone is the name of who wrote the page. */
static bool add_below(struct buf *out, const struct reply *reply, const struct buf *heading)
{
    struct buf body;
    buf_init(&body);
    html_text(&body, reply->text.data, reply->text.len, "body");
    const char *text = body.data;
    size_t len = body.len;
    if (heading->len > 0 && len >= heading->len && memcmp(text, heading->data, heading->len) == 0) {
        text += heading->len;
        len -= heading->len;
    }
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    size_t stop = 0;
    while (stop < len && !(text[stop] == '.' && (stop + 1 == len || text[stop + 1] == ' '))) {
        stop++;
    }
    bool some = stop > 0 && memchr(text, ' ', stop);
    if (some) {
        buf_adds(out, ": ");
        reply_add_cut(out, reply, text, stop, MAX_HEADING);
    }
    out->failed = out->failed || body.failed;
    buf_free(&body);
    return some;
}

/*
 * Adds the title and the heading of an HTML page, as far as they say something; where they only
 * say the status, the sentence that follows.
 */
static bool add_page(struct buf *out, const struct reply *reply, const char *phrase)
{
    static const char *const names[] = {"title", "h1"};
    const struct buf *page = &reply->text;
    struct buf text[2];
    bool some = false;
    for (int i = 0; i < 2; i++) {
        buf_init(&text[i]);
        html_text(&text[i], page->data, page->len, names[i]);
        bool told =
            text[i].len > 0 && !repeats_status(text[i].data, text[i].len, reply->status, phrase);
        bool again =
            told && some && http_same(text[0].data, text[0].len, text[1].data, text[1].len);
        if (told && !again) {
            buf_adds(out, ": ");
            reply_add_cut(out, reply, text[i].data, text[i].len, MAX_HEADING);
            some = true;
        }
        out->failed = out->failed || text[i].failed;
    }
    some = some || add_below(out, reply, &text[1]);
    buf_free(&text[0]);
    buf_free(&text[1]);
    return some;
}

/* Adds the message of an error in XML, as object stores send it. */
static bool add_xml(struct buf *out, const struct reply *reply)
{
    struct buf text;
    buf_init(&text);
    html_text(&text, reply->text.data, reply->text.len, "message");
    bool some = text.len > 0;
    if (some) {
        buf_adds(out, ": ");
        reply_add_cut(out, reply, text.data, text.len, MAX_SENTENCE);
    }
    out->failed = out->failed || text.failed;
    buf_free(&text);
    return some;
}

static bool is_xml(const char *type, size_t len)
{
    return http_same(type, len, "application/xml", 15) || http_same(type, len, "text/xml", 8);
}

/*
 * True for a page in HTML, by its type or, where that says nothing, or JSON of what is none, by its
 * looks.
 */
static bool is_page(const struct reply *reply, const char *type, size_t len)
{
    if (len == 0 || http_is_json(type)) {
        return reply->text.len > 0 && reply->text.data[0] == '<';
    }
    return http_same(type, len, "text/html", 9) ||
           http_same(type, len, "application/xhtml+xml", 21);
}

/*
 * Adds what there is to say about a response that is no JSON: its first line, its headings, or at
 * least its type.
 */
static void add_unread(struct buf *out, const struct reply *reply, const char *phrase)
{
    struct words line;
    const char *type = fields_get(&reply->fields, "Content-Type");
    size_t len = type ? strcspn(type, "; \t") : 0;
    if (plain_line(reply, type, len, &line)) {
        add_sentence(out, reply, &line, phrase);
    } else if ((is_page(reply, type, len) && add_page(out, reply, phrase)) ||
               (is_xml(type, len) && add_xml(out, reply))) {
        return;
    } else if (http_is_json(type)) {
        buf_adds(out, " (response in broken JSON)");
    } else if (len > 0) {
        buf_adds(out, " (");
        reply_add_cut(out, reply, type, len, MAX_TYPE);
        buf_adds(out, " response)");
    }
}

/* Adds where a redirect leads, without a query, which may hold a secret. */
static void add_target(struct buf *out, const struct reply *reply)
{
    const char *place = fields_get(&reply->fields, "Location");
    buf_adds(out, ": a redirect that is not followed");
    if (place) {
        buf_adds(out, ", to ");
        reply_add_cut(out, reply, place, strcspn(place, "?#"), MAX_PLACE);
    }
}

/* Status and phrase, and what the server adds to them. */
void reply_describe(const struct reply *reply, struct buf *out)
{
    struct words words;
    const char *phrase = reason(reply->status);
    uint32_t detail = reply_find(reply, reply_root(reply), "detail");
    uint32_t errors = reply_find(reply, reply_root(reply), "errors");
    bool said = reply_message(reply, &words);
    if (!said && ((detail != JSON_NONE && add_faults(out, reply, detail)) ||
                  (errors != JSON_NONE && add_faults(out, reply, errors)))) {
        return;
    }
    buf_addf(out, "%d", reply->status);
    if (phrase) {
        buf_addf(out, " %s", phrase);
    }
    if (reply->status < 400) {
        add_target(out, reply);
    } else if (said) {
        add_sentence(out, reply, &words, phrase);
    } else if (reply->kind == REPLY_TEXT) {
        add_unread(out, reply, phrase);
    }
}
