/*
 * Looking for secrets in texts. A text is searched as it is and as it reads with its escapes
 * undone; each decoded byte knows where it stands in the text, and what is found is marked there.
 */
#include "base/secrets.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define MASK_LEN (sizeof SECRETS_MASK - 1)
#define MOST_ENTITY 10 /* bytes of a character reference of HTML */
#define MOST_DOUBLED 3 /* times that a text can have been encoded */

enum { UNDO_JSON = 1, UNDO_PERCENT = 2, UNDO_HTML = 4, UNDO_ALL = 7 };

/* A text with some escapes undone. */
struct view {
    char *bytes; /* owned, as `at` */
    size_t *at;  /* by byte: where it begins in the text; one more than there are bytes */
    size_t len;
};

/* One text being searched. */
struct search {
    const struct secrets *secrets;
    size_t len;           /* of the text */
    unsigned char *marks; /* owned; a byte for each of the text's; NULL: nothing was found */
    bool cut, failed;
};

void secrets_init(struct secrets *secrets)
{
    *secrets = (struct secrets){0};
}

static void secret_free(struct secret *secret)
{
    mem_wipe(secret->own, secret->own ? secret->len : 0);
    mem_free(secret->own);
    mem_free(secret->back);
}

void secrets_free(struct secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++) {
        secret_free(&secrets->list[i]);
    }
    mem_free(secrets->list);
    secrets_init(secrets);
}

/* ---- one secret ---- */

/* How many bytes of the secret have been met, when `have` had been and `c` comes next. */
static size_t advance(const struct secret *secret, size_t have, char c)
{
    while (have > 0 && (have == secret->len || secret->text[have] != c)) {
        have = secret->back[have];
    }
    return secret->text[have] == c ? have + 1 : 0;
}

static bool prepare(struct secret *secret)
{
    if (secret->back) {
        return true;
    }
    secret->back = mem_zalloc(secret->len + 1, sizeof *secret->back);
    if (!secret->back) {
        return false;
    }
    for (size_t i = 1, have = 0; i < secret->len; i++) {
        have = advance(secret, have, secret->text[i]);
        secret->back[i + 1] = have;
    }
    return true;
}

static bool grow(struct secrets *secrets)
{
    struct secret *list = mem_grow(secrets->list, sizeof *list, secrets->count, &secrets->cap);
    secrets->list = list ? list : secrets->list;
    return list;
}

/* Adds a secret, which is moved. */
static void add(struct secrets *secrets, struct secret secret)
{
    bool too_short = !secret.text || secret.len < SECRETS_SHORTEST;
    if (too_short || secrets->failed || !grow(secrets)) {
        secrets->failed = secrets->failed || !too_short;
        secret_free(&secret);
        return;
    }
    secrets->list[secrets->count++] = secret;
}

void secrets_add(struct secrets *secrets, const char *text, size_t len)
{
    add(secrets, (struct secret){.text = text, .len = len});
}

void secrets_add_encoded(struct secrets *secrets, const char *text, size_t len)
{
    secrets_add(secrets, text, len);
    if (!text || !memchr(text, '%', len) || secrets->failed) {
        return;
    }
    char *own = mem_alloc(len);
    size_t to = 0;
    for (size_t from = 0; own && from < len; to++) {
        int byte = text_percent(text + from, len - from);
        own[to] = byte >= 0 ? (char)byte : text[from];
        from += byte >= 0 ? 3 : 1;
    }
    secrets->failed = !own;
    add(secrets, (struct secret){.text = own, .own = own, .len = to});
}

/* ---- escapes ---- */

/* The value of `count` hexadecimal digits at `p`, -1 when there are not so many. */
static long read_hex(const char *p, const char *end, int count)
{
    long value = 0;
    for (int i = 0; i < count; i++) {
        int digit = p + i < end ? text_hex(p[i]) : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* An escape of JSON, or of a language's strings: bytes that it takes, 0: it is none. */
static size_t json_escape(const char *p, const char *end, long *value)
{
    static const char codes[] = "\"\\/'bfnrt", values[] = "\"\\/'\b\f\n\r\t";
    if (*p != '\\' || end - p < 2) {
        return 0;
    }
    if (p[1] == 'u' || p[1] == 'x') {
        int digits = p[1] == 'u' ? 4 : 2;
        *value = read_hex(p + 2, end, digits);
        return *value >= 0 ? 2 + (size_t)digits : 0;
    }
    const char *code = memchr(codes, p[1], sizeof codes - 1);
    *value = code ? values[code - codes] : 0;
    return code ? 2 : 0;
}

static size_t percent_escape(const char *p, const char *end, long *value)
{
    *value = text_percent(p, (size_t)(end - p));
    return *value >= 0 ? 3 : 0;
}

/* A character reference by its number, "#43;" or "#x2B;" after the "&". */
static size_t numbered(const char *p, size_t len, long *value)
{
    bool hex = len > 1 && (p[1] | 0x20) == 'x';
    size_t i = hex ? 2 : 1;
    *value = 0;
    for (; i < len && p[i] != ';'; i++) {
        int digit = hex ? text_hex(p[i]) : text_is_digit(p[i]) ? p[i] - '0' : -1;
        if (digit < 0) {
            return 0;
        }
        *value = *value * (hex ? 16 : 10) + digit;
        if (*value > 0x10ffff) {
            return 0;
        }
    }
    return i < len && i > (hex ? 2U : 1U) ? i + 2 : 0;
}

static size_t html_escape(const char *p, const char *end, long *value)
{
    static const struct {
        const char *name;
        char c;
    } names[] = {{"amp;", '&'},   {"lt;", '<'},   {"gt;", '>'},  {"quot;", '"'},
                 {"apos;", '\''}, {"plus;", '+'}, {"sol;", '/'}, {"equals;", '='}};
    size_t len = (size_t)(end - p) - 1;
    len = len < MOST_ENTITY ? len : MOST_ENTITY;
    if (*p != '&' || len == 0) {
        return 0;
    }
    if (p[1] == '#') {
        return numbered(p + 1, len, value);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t name_len = strlen(names[i].name);
        if (name_len <= len && memcmp(p + 1, names[i].name, name_len) == 0) {
            *value = (unsigned char)names[i].c;
            return 1 + name_len;
        }
    }
    return 0;
}

/* Any of the escapes that are to be undone. */
static size_t escape(const char *p, const char *end, unsigned undo, long *value)
{
    size_t len = undo & UNDO_JSON ? json_escape(p, end, value) : 0;
    if (len == 0 && (undo & UNDO_PERCENT)) {
        len = percent_escape(p, end, value);
    }
    return len == 0 && (undo & UNDO_HTML) ? html_escape(p, end, value) : len;
}

/* Writes a code point as UTF-8, a byte of percent-encoding as it is; at most four bytes. */
static size_t put(char *out, long c, bool byte)
{
    if (byte) {
        out[0] = (char)c;
        return 1;
    }
    return text_put_utf8(out, (uint32_t)c);
}

static void view_free(struct view *view)
{
    mem_wipe(view->bytes, view->bytes ? view->len : 0);
    mem_free(view->bytes);
    mem_free(view->at);
}

/* Undoes escapes of `from`. *changed: there were some. False: no memory. */
static bool decode(struct view *view, const struct view *from, unsigned undo, bool *changed)
{
    const char *p = from->bytes, *end = p + from->len;
    *view = (struct view){mem_alloc(from->len), NULL, 0};
    view->at = view->bytes ? mem_alloc((from->len + 1) * sizeof *view->at) : NULL;
    *changed = false;
    if (!view->at) {
        return false;
    }
    while (p < end) {
        char bytes[4] = {*p};
        long value = 0;
        size_t taken = escape(p, end, undo, &value);
        size_t made = taken > 0 ? put(bytes, value, *p == '%') : 1;
        made = taken > 0 && made > taken ? taken : made; /* no escape is longer than what it says */
        for (size_t i = 0; i < made; i++) {
            view->at[view->len] = from->at ? from->at[p - from->bytes] : (size_t)(p - from->bytes);
            view->bytes[view->len++] = bytes[i];
        }
        *changed = *changed || taken > 0;
        p += taken > 0 ? taken : 1;
    }
    view->at[view->len] = from->at ? from->at[from->len] : from->len;
    return true;
}

/* ---- searching ---- */

/* Marks the decoded bytes from `first` up to `last` in the text; *done is where marks end so far.
 */
static void mark(struct search *search, const struct view *view, size_t first, size_t last,
                 size_t *done)
{
    size_t from = view->at ? view->at[first] : first, to = view->at ? view->at[last] : last;
    if (!search->marks) {
        search->marks = mem_zalloc(search->len, 1);
        search->failed = search->failed || !search->marks;
    }
    from = from > *done ? from : *done;
    if (search->marks && to > from) {
        memset(search->marks + from, 1, to - from);
        *done = to;
    }
}

/* True where a piece of text was cut off: it goes on with "...", maybe behind a quote. */
static bool is_cut_at(const struct view *view, size_t i)
{
    i += i < view->len && view->bytes[i] == '"';
    return view->len - i >= 3 && memcmp(view->bytes + i, "...", 3) == 0;
}

static void look_for(struct search *search, const struct view *view, const struct secret *secret)
{
    size_t have = 0, done = 0;
    for (size_t i = 0; i < view->len; i++) {
        if (have >= SECRETS_SHORTEST && is_cut_at(view, i)) {
            mark(search, view, i - have, i, &done);
        }
        have = advance(secret, have, view->bytes[i]);
        if (have == secret->len) {
            mark(search, view, i + 1 - have, i + 1, &done);
        }
    }
    if (search->cut && have >= SECRETS_SHORTEST && have < secret->len) {
        mark(search, view, view->len - have, view->len, &done);
    }
}

static void look_for_all(struct search *search, const struct view *view)
{
    for (size_t i = 0; i < search->secrets->count; i++) {
        look_for(search, view, &search->secrets->list[i]);
    }
}

/* Looks at the text with some of its escapes undone, `times` times. */
static void look_behind(struct search *search, const struct view *from, unsigned undo, int times)
{
    struct view view;
    bool changed;
    if (!decode(&view, from, undo, &changed)) {
        search->failed = true;
    } else if (changed) {
        look_for_all(search, &view);
        if (times > 1) {
            look_behind(search, &view, undo, times - 1);
        }
    }
    view_free(&view);
}

/* Puts the mask where marks are, and gives the new length. */
static size_t compact(char *text, size_t len, const unsigned char *marks)
{
    size_t to = 0;
    for (size_t from = 0; from < len;) {
        if (!marks[from]) {
            text[to++] = text[from++];
            continue;
        }
        size_t start = from;
        while (from < len && marks[from]) {
            from++;
        }
        for (size_t i = 0; i < MASK_LEN && to < from && i < from - start; i++) {
            text[to++] = SECRETS_MASK[i];
        }
    }
    mem_wipe(text + to, len - to);
    return to;
}

/* Looks at the text as it is, and with every kind of escape undone that it has. */
static void look_everywhere(struct search *search, const struct view *raw)
{
    static const struct {
        char sign;
        unsigned undo;
    } kinds[] = {{'\\', UNDO_JSON}, {'%', UNDO_PERCENT}, {'&', UNDO_HTML}};
    bool has_escapes = false;

    look_for_all(search, raw);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (memchr(raw->bytes, kinds[i].sign, raw->len)) {
            look_behind(search, raw, kinds[i].undo, 1);
            has_escapes = true;
        }
    }
    if (has_escapes) {
        look_behind(search, raw, UNDO_ALL, MOST_DOUBLED);
    }
}

/* Makes what a search needs of each secret. False: no memory, now or when one was added. */
static bool prepare_all(struct secrets *secrets)
{
    for (size_t i = 0; i < secrets->count && !secrets->failed; i++) {
        secrets->failed = !prepare(&secrets->list[i]);
    }
    return !secrets->failed;
}

size_t secrets_mask(struct secrets *secrets, char *text, size_t len, bool cut, bool *failed)
{
    struct search search = {secrets, len, NULL, cut, false};
    struct view raw = {text, NULL, len};
    if (len < SECRETS_SHORTEST || (secrets->count == 0 && !secrets->failed)) {
        return len;
    }
    if (prepare_all(secrets)) {
        look_everywhere(&search, &raw);
    }
    if (secrets->failed || search.failed) {
        *failed = true;
        mem_wipe(text, len);
        len = 0;
    } else if (search.marks) {
        len = compact(text, len, search.marks);
    }
    mem_free(search.marks);
    return len;
}

size_t secrets_mask_userinfo(char *text, size_t len)
{
    size_t start = 0, at = len;
    while (start + 3 <= len && memcmp(text + start, "://", 3) != 0) {
        start++;
    }
    start += 3;
    while (at > start && text[at - 1] != '@') {
        at--;
    }
    if (start > len || at <= start || at - 1 - start < MASK_LEN) {
        return len;
    }
    memcpy(text + start, SECRETS_MASK, MASK_LEN);
    memmove(text + start + MASK_LEN, text + at - 1, len - (at - 1));
    size_t made = len - (at - 1 - start) + MASK_LEN;
    mem_wipe(text + made, len - made);
    return made;
}
