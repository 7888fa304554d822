/*
 * Filters without a root are asked of each item. Those with one are narrowed on the way down, as
 * the paths of pick.c are: at each object every root that begins with a member's name goes on
 * after it.
 */
#include "filter.h"

#include "http/header_fields.h"

#include <string.h>

/* A filter with what is left of its root below the node that is being looked at. */
struct rooted {
    uint32_t filter;  /* node of `params` */
    const char *path; /* borrowed */
    size_t len;
};

struct rooteds {
    struct rooted list[FILTER_MAX];
    size_t count;
};

/* What all functions look at. */
struct filtering {
    struct json_doc *out;
    const struct json_doc *from, *params;
};

static void add_node(const struct filtering *f, uint32_t node, const struct rooteds *roots);

/* ---- one value ---- */

static bool same_text(const struct filtering *f, uint32_t node, uint32_t wanted, bool ignore_case)
{
    size_t a_len, b_len;
    const char *a = json_text(f->from, node, &a_len);
    const char *b = json_text(f->params, wanted, &b_len);
    bool strings =
        json_type(f->from, node) == JSON_STRING && json_type(f->params, wanted) == JSON_STRING;
    if (!strings) {
        return false;
    }
    return ignore_case ? http_same(a, a_len, b, b_len) : a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* An optional member of a filter; JSON_NONE where it is left out or null. */
static uint32_t member(const struct filtering *f, uint32_t filter, const char *name)
{
    uint32_t node = json_member(f->params, filter, name);
    return node == JSON_NONE || json_type(f->params, node) == JSON_NULL ? JSON_NONE : node;
}

/* True when the value is `value`, or one of `values`. */
static bool is_wanted(const struct filtering *f, uint32_t filter, uint32_t node)
{
    uint32_t flag = member(f, filter, "ignore_case");
    bool ignore_case = flag == JSON_NONE || json_type(f->params, flag) == JSON_TRUE;
    uint32_t values = member(f, filter, "values"), value = member(f, filter, "value");
    uint32_t first = values == JSON_NONE ? value : values + 1;
    uint32_t end = values == JSON_NONE ? value + 1 : json_next(f->params, values);
    if (values == JSON_NONE && value == JSON_NONE) {
        return false;
    }
    for (uint32_t i = first; i < end; i = json_next(f->params, i)) {
        if (same_text(f, node, i, ignore_case) || json_equal(f->from, node, f->params, i)) {
            return true;
        }
    }
    return false;
}

static bool is_number(const struct json_doc *doc, uint32_t node)
{
    enum json_type type = json_type(doc, node);
    return type == JSON_INT || type == JSON_UINT || type == JSON_DIGITS || type == JSON_DOUBLE;
}

/* Days from 1970-01-01 to a date. */
static int days_before(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 12 : month;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + day - 719469;
}

/* The readers below move *at past what they read; false: it isn't there. */

static bool read_digits(const char **at, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *value = *value * 10 + (**at - '0');
    }
    return true;
}

static bool read_char(const char **at, char c)
{
    bool there = **at == c;
    *at += there;
    return there;
}

/* A point and digits; nothing is 0. */
static bool read_fraction(const char **at, double *value)
{
    double place = 1;
    *value = 0;
    if (!read_char(at, '.')) {
        return true;
    }
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        place /= 10;
        *value += place * (**at - '0');
    }
    return place < 1;
}

/* Seconds to take from a time for its offset: "Z", "+02:00", "-0530", "+02", nothing. */
static bool read_offset(const char **at, double *seconds)
{
    int hours, minutes = 0;
    *seconds = 0;
    if (**at == '\0' || read_char(at, 'Z')) {
        return true;
    }
    double sign = **at == '-' ? -1 : 1;
    if (!read_char(at, '+') && !read_char(at, '-')) {
        return false;
    }
    if (!read_digits(at, 2, &hours)) {
        return false;
    }
    (void)read_char(at, ':');
    if (**at != '\0' && !read_digits(at, 2, &minutes)) {
        return false;
    }
    *seconds = sign * (hours * 3600.0 + minutes * 60.0);
    return true;
}

/* "T12:30:00.5+02:00": seconds of the day, in UTC. */
static bool read_time(const char **at, double *seconds)
{
    int hour, minute, second;
    double fraction, offset;
    if (!read_char(at, 'T') && !read_char(at, ' ')) {
        return false;
    }
    bool read = read_digits(at, 2, &hour) && read_char(at, ':') && read_digits(at, 2, &minute) &&
                read_char(at, ':') && read_digits(at, 2, &second) && read_fraction(at, &fraction) &&
                read_offset(at, &offset);
    if (read) {
        *seconds = hour * 3600.0 + minute * 60.0 + second + fraction - offset;
    }
    return read;
}

/* Unix seconds of an ISO 8601 date or time, with or without an offset; false when it is none. */
static bool read_date(const char *text, size_t len, double *seconds)
{
    char copy[64];
    const char *at = copy;
    int year, month, day;
    double time = 0;
    if (len >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    bool read = read_digits(&at, 4, &year) && read_char(&at, '-') && read_digits(&at, 2, &month) &&
                read_char(&at, '-') && read_digits(&at, 2, &day) &&
                (*at == '\0' || read_time(&at, &time)) && *at == '\0';
    *seconds = read ? days_before(year, month, day) * 86400.0 + time : 0;
    return read;
}

/* A node as the number that a range compares. */
static bool measure(const struct json_doc *doc, uint32_t node, bool dates, double *value)
{
    size_t len;
    if (dates) {
        const char *text = json_type(doc, node) == JSON_STRING ? json_text(doc, node, &len) : NULL;
        return text && read_date(text, len, value);
    }
    *value = is_number(doc, node) ? json_number(doc, node) : 0;
    return is_number(doc, node);
}

/* True when the value lies between the bounds, both of which belong to the range. */
static bool is_between(const struct filtering *f, uint32_t filter, uint32_t node, bool dates)
{
    uint32_t from = member(f, filter, dates ? "from_date" : "from_value");
    uint32_t to = member(f, filter, dates ? "to_date" : "to_value");
    double value, bound;
    if (!measure(f->from, node, dates, &value)) {
        return false;
    }
    if (from != JSON_NONE && (!measure(f->params, from, dates, &bound) || value < bound)) {
        return false;
    }
    return to == JSON_NONE || (measure(f->params, to, dates, &bound) && value <= bound);
}

static bool fits(const struct filtering *f, uint32_t filter, uint32_t node)
{
    uint32_t type = json_member(f->params, filter, "type");
    if (json_is(f->params, type, "date_range") || json_is(f->params, type, "number_range")) {
        return is_between(f, filter, node, json_is(f->params, type, "date_range"));
    }
    return is_wanted(f, filter, node);
}

/* ---- one item ---- */

/* The member of an object with this name, which is not terminated. */
static uint32_t find(const struct json_doc *doc, uint32_t object, const char *name, size_t len)
{
    uint32_t end = json_next(doc, object);
    for (uint32_t key = object + 1; key < end; key = json_next(doc, key + 1)) {
        size_t key_len;
        const char *text = json_text(doc, key, &key_len);
        if (key_len == len && memcmp(text, name, len) == 0) {
            return key + 1;
        }
    }
    return JSON_NONE;
}

/* True when the value that a dotted path leads to fits; of a list, one of its elements. */
static bool holds_at(const struct filtering *f, uint32_t filter, uint32_t node, const char *path,
                     size_t len)
{
    enum json_type type = json_type(f->from, node);
    if (type == JSON_ARRAY) {
        uint32_t end = json_next(f->from, node);
        for (uint32_t i = node + 1; i < end; i = json_next(f->from, i)) {
            if (holds_at(f, filter, i, path, len)) {
                return true;
            }
        }
        return false;
    }
    if (len == 0) {
        return fits(f, filter, node);
    }
    const char *dot = memchr(path, '.', len);
    size_t first = dot ? (size_t)(dot - path) : len;
    uint32_t below = type == JSON_OBJECT ? find(f->from, node, path, first) : JSON_NONE;
    size_t used = dot ? first + 1 : first;
    return below != JSON_NONE && holds_at(f, filter, below, path + used, len - used);
}

static bool holds(const struct filtering *f, uint32_t filter, uint32_t item)
{
    size_t len;
    const char *path = json_text(f->params, json_member(f->params, filter, "field_name"), &len);
    return json_type(f->from, item) == JSON_OBJECT && holds_at(f, filter, item, path, len);
}

/* ---- lists ---- */

/* Adds the elements for which every filter whose root ends here holds, each thinned out below. */
static void add_array(const struct filtering *f, uint32_t node, const struct rooteds *roots)
{
    uint32_t container = json_open(f->out, JSON_ARRAY), count = 0;
    uint32_t end = json_next(f->from, node);
    for (uint32_t item = node + 1; item < end; item = json_next(f->from, item)) {
        bool stays = true;
        for (size_t i = 0; i < roots->count && stays; i++) {
            stays = roots->list[i].len > 0 || holds(f, roots->list[i].filter, item);
        }
        if (stays) {
            add_node(f, item, roots);
            count++;
        }
    }
    json_close(f->out, container, count);
}

/* The roots that go through the member `name`, without that name. */
static void descend(struct rooteds *rest, const struct rooteds *roots, const char *name, size_t len)
{
    rest->count = 0;
    for (size_t i = 0; i < roots->count; i++) {
        const struct rooted *r = &roots->list[i];
        bool begins = r->len >= len && len > 0 && memcmp(r->path, name, len) == 0;
        if (begins && r->len == len) {
            rest->list[rest->count++] = (struct rooted){r->filter, r->path + len, 0};
        } else if (begins && r->path[len] == '.') {
            rest->list[rest->count++] =
                (struct rooted){r->filter, r->path + len + 1, r->len - len - 1};
        }
    }
}

static void add_object(const struct filtering *f, uint32_t node, const struct rooteds *roots)
{
    uint32_t container = json_open(f->out, JSON_OBJECT), count = 0;
    uint32_t end = json_next(f->from, node);
    for (uint32_t key = node + 1; key < end; key = json_next(f->from, key + 1)) {
        struct rooteds rest;
        size_t len;
        const char *name = json_text(f->from, key, &len);
        json_add_string(f->out, name, len);
        descend(&rest, roots, name, len);
        add_node(f, key + 1, &rest);
        count++;
    }
    json_close(f->out, container, count);
}

static void add_node(const struct filtering *f, uint32_t node, const struct rooteds *roots)
{
    enum json_type type = json_type(f->from, node);
    if (roots->count > 0 && type == JSON_ARRAY) {
        add_array(f, node, roots);
    } else if (roots->count > 0 && type == JSON_OBJECT) {
        add_object(f, node, roots);
    } else {
        json_add_copy(f->out, f->from, node);
    }
}

/* The data is a list whose items are filtered, or one object, in which only roots mean something.
 */
void filter_items(struct json_doc *out, const struct json_doc *from, uint32_t node,
                  const struct json_doc *params, uint32_t filters)
{
    struct filtering f = {out, from, params};
    struct rooteds roots = {.count = 0};
    bool is_list = json_type(from, node) == JSON_ARRAY;
    uint32_t end = json_next(params, filters);
    for (uint32_t i = filters + 1; i < end && roots.count < FILTER_MAX; i = json_next(params, i)) {
        uint32_t root = member(&f, i, "root");
        size_t len = 0;
        const char *path = root == JSON_NONE ? NULL : json_text(params, root, &len);
        if (path || is_list) {
            roots.list[roots.count++] = (struct rooted){i, path, len};
        }
    }
    add_node(&f, node, &roots);
}
