/*
 * A multipart parser that is fed pieces of any size. `pending` holds only what may still be the
 * beginning of a delimiter, or a part's header that has not ended.
 */
#include "parts.h"

#include "base/mem.h"
#include "base/text.h"
#include "http/header_fields.h"

#include <string.h>

uint64_t fnv_add(uint64_t sum, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

/* The first place of `needle` in `text`, NULL when it isn't there. */
static const char *find(const char *text, size_t len, const char *needle, size_t needle_len)
{
    const char *end = text + len;
    while ((size_t)(end - text) >= needle_len) {
        text = memchr(text, needle[0], (size_t)(end - text) - needle_len + 1);
        if (!text || memcmp(text, needle, needle_len) == 0) {
            return text;
        }
        text++;
    }
    return NULL;
}

/* Appends an empty part; NULL: no memory, or there are too many. */
static struct part *add_part(struct parts *parts)
{
    if (parts->count == PARTS_MAX) {
        return NULL;
    }
    if (parts->count == parts->cap) {
        size_t cap = parts->cap ? parts->cap * 2 : 8;
        struct part *list = mem_realloc(parts->list, cap * sizeof *list);
        if (!list) {
            return NULL;
        }
        parts->list = list;
        parts->cap = cap;
    }
    struct part *part = &parts->list[parts->count++];
    *part = (struct part){.checksum = FNV_START};
    return part;
}

/* Takes content bytes of the part being read; those before the first delimiter belong to none. */
static void add_content(struct parts *parts, const char *bytes, size_t len)
{
    if (parts->count == 0) {
        return;
    }
    struct part *part = &parts->list[parts->count - 1];
    size_t keep = part->filename ? parts->keep : PARTS_MAX_VALUE;
    size_t room = keep > part->kept.len ? keep - part->kept.len : 0;
    buf_add(&part->kept, bytes, len < room ? len : room);
    part->size += len;
    part->checksum = fnv_add(part->checksum, bytes, len);
}

/* The value of parameter `name` of a header value, as an owned string; NULL: none. `\"` is undone,
 * %XX isn't. */
static char *parameter(const char *text, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    const char *end = text + len;
    struct buf value;
    size_t value_len;
    while ((text = memchr(text, ';', (size_t)(end - text))) != NULL) {
        for (text++; text < end && text_is_blank(*text); text++) {
        }
        bool named = (size_t)(end - text) > name_len && text[name_len] == '=' &&
                     http_same(text, name_len, name, name_len);
        if (!named) {
            continue;
        }
        text += name_len + 1;
        bool quoted = text < end && *text == '"';
        buf_init(&value);
        for (text += quoted; text < end && *text != (quoted ? '"' : ';'); text++) {
            if (quoted && *text == '\\' && end - text > 1 && (text[1] == '"' || text[1] == '\\')) {
                text++;
            }
            buf_addc(&value, *text);
        }
        return buf_take(&value, &value_len);
    }
    return NULL;
}

/* Reads one header line of a part. */
static void read_field(struct part *part, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon) {
        return;
    }
    size_t name_len = (size_t)(colon - line);
    const char *value = colon + 1;
    size_t value_len = len - name_len - 1;
    while (value_len > 0 && text_is_blank(*value)) {
        value++;
        value_len--;
    }
    if (http_same(line, name_len, "Content-Disposition", 19) && !part->name) {
        part->name = parameter(value, value_len, "name");
        part->filename = parameter(value, value_len, "filename");
    } else if (http_same(line, name_len, "Content-Type", 12) && !part->type) {
        part->type = mem_dup(value, value_len);
    }
}

/* Reads the header of a part: CR LF in front of each line, CR LF CR LF behind. */
static enum parts_state read_head(struct parts *parts, const char *head, size_t len)
{
    struct part *part = add_part(parts);
    if (!part) {
        return PARTS_BROKEN;
    }
    const char *end = head + len;
    for (head += 2; head < end;) {
        const char *next = find(head, (size_t)(end - head), "\r\n", 2);
        next = next ? next : end;
        read_field(part, head, (size_t)(next - head));
        head = next + 2;
    }
    return part->name ? PARTS_BODY : PARTS_BROKEN;
}

/* Each step reads what it can at `at` and tells how much that was; 0: more bytes are needed. */
static size_t step_body(struct parts *parts, const char *at, size_t len)
{
    size_t size = parts->delimiter.len;
    const char *found = find(at, len, parts->delimiter.data, size);
    if (found) {
        add_content(parts, at, (size_t)(found - at));
        parts->state = PARTS_DELIMITED;
        return (size_t)(found - at) + size;
    }
    size_t sure = len >= size ? len - size + 1 : 0;
    add_content(parts, at, sure);
    return sure;
}

/*
 * Behind a delimiter: two hyphens end the form, a line end begins a part. The line end is left for
 * the header.
 */
static size_t step_delimited(struct parts *parts, const char *at, size_t len)
{
    if (len < 2) {
        return 0;
    }
    if (memcmp(at, "--", 2) == 0) {
        parts->state = PARTS_ENDED;
        return 2;
    }
    parts->state = memcmp(at, "\r\n", 2) == 0 ? PARTS_HEAD : PARTS_BROKEN;
    return 0;
}

/* A part's header, once all of it is there. */
static size_t step_head(struct parts *parts, const char *at, size_t len)
{
    const char *end = find(at, len, "\r\n\r\n", 4);
    if (!end) {
        parts->state = len > PARTS_MAX_HEAD ? PARTS_BROKEN : PARTS_HEAD;
        return 0;
    }
    parts->state = read_head(parts, at, (size_t)(end - at));
    return (size_t)(end - at) + 4;
}

/* One step of any kind; false when it can't go on with the bytes there are. */
static bool step(struct parts *parts, size_t *used)
{
    const char *at = parts->pending.data + *used;
    size_t len = parts->pending.len - *used, taken = 0;
    enum parts_state before = parts->state;
    switch (before) {
    case PARTS_BODY:
        taken = step_body(parts, at, len);
        break;
    case PARTS_DELIMITED:
        taken = step_delimited(parts, at, len);
        break;
    case PARTS_HEAD:
        taken = step_head(parts, at, len);
        break;
    case PARTS_ENDED:
    case PARTS_BROKEN:
        *used += len;
        return false;
    }
    *used += taken;
    return parts->state != before;
}

void parts_begin(struct parts *parts, const char *content_type, size_t keep)
{
    char *boundary = parameter(content_type, strlen(content_type), "boundary");
    parts->keep = keep;
    if (!boundary || !*boundary) {
        parts->state = PARTS_BROKEN;
    }
    buf_adds(&parts->delimiter, "\r\n--");
    buf_adds(&parts->delimiter, boundary ? boundary : "");
    buf_adds(&parts->pending, "\r\n"); /* so that the first delimiter looks like all others */
    if (parts->delimiter.failed || parts->pending.failed) {
        parts->state = PARTS_BROKEN;
    }
    mem_free(boundary);
}

void parts_feed(struct parts *parts, const char *bytes, size_t len)
{
    struct buf *pending = &parts->pending;
    size_t used = 0;
    if (parts->state == PARTS_BROKEN || parts->state == PARTS_ENDED) {
        return;
    }
    buf_add(pending, bytes, len);
    if (pending->failed) {
        parts->state = PARTS_BROKEN;
        return;
    }
    while (step(parts, &used)) {
    }
    memmove(pending->data, pending->data + used, pending->len - used);
    pending->len -= used;
}

bool parts_end(const struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->list[i].kept.failed) {
            return false;
        }
    }
    return parts->state == PARTS_ENDED;
}

void parts_decode(struct buf *out, const char *text, size_t len, bool plus)
{
    for (size_t i = 0; i < len; i++) {
        int byte = text_percent(text + i, len - i);
        if (byte >= 0) {
            buf_addc(out, (char)byte);
            i += 2;
        } else {
            buf_addc(out, (char)(plus && text[i] == '+' ? ' ' : text[i]));
        }
    }
}

/* Adds `name=value`. */
static bool add_pair(struct parts *parts, const char *pair, size_t len)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    struct part *part = add_part(parts);
    struct buf name;
    size_t ignored;
    if (!part) {
        return false;
    }
    buf_init(&name);
    parts_decode(&name, pair, name_len, true);
    part->name = buf_take(&name, &ignored);
    if (equals) {
        parts_decode(&part->kept, equals + 1, len - name_len - 1, true);
    }
    part->size = part->kept.len;
    part->checksum = fnv_add(FNV_START, part->kept.data, part->kept.len);
    return part->name && !part->kept.failed;
}

bool parts_urlencoded(struct parts *parts, const char *body, size_t len)
{
    const char *end = body + len;
    while (body < end) {
        const char *next = memchr(body, '&', (size_t)(end - body));
        next = next ? next : end;
        if (next > body && !add_pair(parts, body, (size_t)(next - body))) {
            return false;
        }
        body = next + 1;
    }
    return true;
}

void parts_free(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        mem_free(parts->list[i].name);
        mem_free(parts->list[i].filename);
        mem_free(parts->list[i].type);
        buf_free(&parts->list[i].kept);
    }
    mem_free(parts->list);
    buf_free(&parts->pending);
    buf_free(&parts->delimiter);
    *parts = (struct parts){0};
}
