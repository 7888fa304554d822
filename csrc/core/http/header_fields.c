/*
 * Field lists, and the questions about bytes that fields are made of. A list owns copies of
 * everything in it, since the bytes it was given (a line of a response, a Lua string) go away while
 * it is still in use.
 */
#include "http/header_fields.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define SHOWN_NAME 60   /* bytes of a bad field name that a message repeats */
#define BLOCK_BYTES 720 /* of a block: the fields of most messages fit in */
#define BLOCK_FIELDS 12 /* of the list in the first block */

/*
 * Names and values lie one after another in blocks that never move, the newest block first. The
 * list is at the beginning of the first block: that of ten fields is one allocation and not eleven.
 */
struct fields_block {
    struct fields_block *next;
    size_t len, cap;
    char bytes[];
};

/* Most programs write names as everybody does, so the loop is seldom needed. */
bool http_same_bytes(const char *a, const char *b, size_t len)
{
    if (len > 0 && memcmp(a, b, len) == 0) {
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        if (text_lower(a[i]) != text_lower(b[i])) {
            return false;
        }
    }
    return true;
}

/* Which bytes may stand in a token (RFC 9110, section 5.6.2), 32 to a word. */
static unsigned is_token_byte(unsigned char c)
{
    static const uint32_t bytes[8] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
    return bytes[c >> 5] >> (c & 31) & 1;
}

/* True when every byte may stand in a token, and there is one. */
static bool is_token(const char *text, size_t len)
{
    unsigned all = len > 0;
    for (size_t i = 0; i < len; i++) {
        all &= is_token_byte((unsigned char)text[i]);
    }
    return all;
}

/* True when any of eight bytes is a control character, a tab included, or may be one: each byte is
 * looked at in its place of a word, and what is carried out of one only adds to the answer. */
static bool may_have_control(const char *bytes)
{
    const uint64_t each = 0x0101010101010101U;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t below_space = (word - each * 0x20) & ~word;
    uint64_t delete = ((word ^ each * 0x7f) - each) & ~(word ^ each * 0x7f);
    return (below_space | delete) & each * 0x80;
}

/* Eight bytes a time; the last eight may have been looked at in part. */
bool http_is_value(const char *text, size_t len)
{
    size_t i = 0;
    while (len - i >= 8 && !may_have_control(text + i)) {
        i += 8;
    }
    if (len >= 8 && len - i < 8 && !may_have_control(text + len - 8)) {
        return true;
    }
    while (i < len) {
        unsigned char c = (unsigned char)text[i++];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

/*
 * BOSA_PARAMS when the two can't make a field line. The value is not repeated: it may be a secret.
 */
static enum bosa_status check(const char *name, size_t name_len, const char *value,
                              size_t value_len, struct bosa_error *err)
{
    int shown = (int)text_cut(name, name_len, SHOWN_NAME);
    if (!is_token(name, name_len)) {
        return error_set(err, BOSA_PARAMS,
                         "the header name `%.*s` is no token: letters, digits, hyphens", shown,
                         name);
    }
    if (!http_is_value(value, value_len)) {
        return error_set(
            err, BOSA_PARAMS,
            "the header `%.*s` has a line break or another control character in its value", shown,
            name);
    }
    return BOSA_OK;
}

/* A block with room for `len` bytes and more, in front of the others. False: no memory. */
static bool add_block(struct fields *fields, size_t len)
{
    size_t cap = len > BLOCK_BYTES ? len : BLOCK_BYTES;
    struct fields_block *block = mem_alloc(sizeof *block + cap);
    if (!block) {
        return false;
    }
    *block = (struct fields_block){.next = fields->blocks, .len = 0, .cap = cap};
    fields->blocks = block;
    return true;
}

/* Makes the first block with the list in it. False: no memory. */
static bool begin(struct fields *fields, size_t len)
{
    size_t list_size = BLOCK_FIELDS * sizeof *fields->list;
    if (!add_block(fields, list_size + (len > BLOCK_BYTES ? len : BLOCK_BYTES))) {
        return false;
    }
    fields->list = (struct field *)(void *)fields->blocks->bytes;
    fields->cap = BLOCK_FIELDS;
    fields->blocks->len = list_size;
    return true;
}

/* Makes room for one more field in a list that is full. False: no memory, and it is as it was. */
static bool grow(struct fields *fields)
{
    struct field *list = fields->list;
    size_t cap = fields->cap;
    if (fields->own_list) {
        list = mem_grow(list, sizeof *list, fields->count, &cap);
    } else {
        list = mem_grow(NULL, sizeof *list, cap, &cap);
        if (list) {
            memcpy(list, fields->list, fields->count * sizeof *list);
        }
    }
    if (!list) {
        return false;
    }
    fields->list = list;
    fields->cap = cap;
    fields->own_list = true;
    return true;
}

/* Room for `len` bytes that will not move. NULL: no memory. */
static char *take_room(struct fields *fields, size_t len)
{
    if (fields->blocks->cap - fields->blocks->len < len && !add_block(fields, len)) {
        return NULL;
    }
    char *room = fields->blocks->bytes + fields->blocks->len;
    fields->blocks->len += len;
    return room;
}

/* Adds copies of both without looking at them. */
static enum bosa_status append(struct fields *fields, const char *name, size_t name_len,
                               const char *value, size_t value_len)
{
    if (value_len > SIZE_MAX / 2 - name_len) {
        return BOSA_NOMEM;
    }
    size_t len = name_len + value_len + 2;
    bool has_room =
        !fields->blocks ? begin(fields, len) : fields->count < fields->cap || grow(fields);
    char *room = has_room ? take_room(fields, len) : NULL;
    if (!room) {
        return BOSA_NOMEM;
    }
    char *second = room + name_len + 1;
    memcpy(room, name, name_len);
    memcpy(second, value, value_len);
    second[-1] = second[value_len] = '\0';
    fields->list[fields->count++] = (struct field){room, second, name_len, value_len};
    return BOSA_OK;
}

enum bosa_status fields_add(struct fields *fields, const char *name, size_t name_len,
                            const char *value, size_t value_len, struct bosa_error *err)
{
    while (value_len > 0 && text_is_blank(value[0])) {
        value++;
        value_len--;
    }
    while (value_len > 0 && text_is_blank(value[value_len - 1])) {
        value_len--;
    }
    enum bosa_status status = check(name, name_len, value, value_len, err);
    if (status == BOSA_OK && append(fields, name, name_len, value, value_len) != BOSA_OK) {
        status = error_nomem(err);
    }
    return status;
}

/*
 * The new field is added before the old ones go: a failure changes nothing, and the value may be
 * one of theirs. Their bytes stay until the list is freed.
 */
enum bosa_status fields_set(struct fields *fields, const char *name, const char *value,
                            size_t value_len, struct bosa_error *err)
{
    size_t name_len = strlen(name);
    enum bosa_status status = fields_add(fields, name, name_len, value, value_len, err);
    if (status != BOSA_OK) {
        return status;
    }
    size_t kept = 0;
    size_t last = fields->count - 1;
    for (size_t i = 0; i < last; i++) {
        const struct field *field = &fields->list[i];
        if (!http_same(field->name, field->name_len, name, name_len)) {
            fields->list[kept++] = *field;
        }
    }
    fields->list[kept++] = fields->list[last];
    fields->count = kept;
    return BOSA_OK;
}

/* The list is short, so it is searched from its start. */
const char *fields_get(const struct fields *fields, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < fields->count; i++) {
        if (http_same(fields->list[i].name, fields->list[i].name_len, name, len)) {
            return fields->list[i].value;
        }
    }
    return NULL;
}

/* What is in a list was checked when it was added, and is not again. */
enum bosa_status fields_copy(struct fields *to, const struct fields *from)
{
    memset(to, 0, sizeof *to);
    for (size_t i = 0; i < from->count; i++) {
        const struct field *field = &from->list[i];
        if (append(to, field->name, field->name_len, field->value, field->value_len) != BOSA_OK) {
            fields_free(to);
            return BOSA_NOMEM;
        }
    }
    return BOSA_OK;
}

/* All is wiped, as a key or a token may be among it. */
void fields_free(struct fields *fields)
{
    while (fields->blocks) {
        struct fields_block *block = fields->blocks;
        fields->blocks = block->next;
        mem_wipe(block->bytes, block->len);
        mem_free(block);
    }
    if (fields->own_list) {
        mem_free(fields->list);
    }
    memset(fields, 0, sizeof *fields);
}

bool http_is_reference(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!text_is_alnum(text[i]) && (text[i] == '\0' || !strchr("._:-", text[i]))) {
            return false;
        }
    }
    return len > 0 && len <= 128;
}
