/*
 * The writing half of the HTTP/1.1 exchange. Called by call/exchange.c; does no I/O.
 */
#include "http/request_writer.h"

#include <stdio.h>
#include <string.h>

enum { SIZE_LINE = 10 }; /* eight hexadecimal digits and a line end */

/* Writes into room that was measured before: each piece is a copy and nothing else. */
static char *put(char *at, const char *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

#define PUT_LITERAL(at, text) put(at, "" text, sizeof(text) - 1)

/* A number without sign, of which there is room for 20 digits. */
static char *put_number(char *at, uint64_t value)
{
    char digits[20];
    size_t len = 0;
    do {
        digits[sizeof digits - ++len] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return put(at, digits + sizeof digits - len, len);
}

static char *put_host(char *at, const struct url *url)
{
    bool is_ipv6 = memchr(url->host, ':', url->host_len);
    at = is_ipv6 ? PUT_LITERAL(at, "Host: [") : PUT_LITERAL(at, "Host: ");
    at = put(at, url->host, url->host_len);
    if (is_ipv6) {
        *at++ = ']';
    }
    if (url->port != (url->https ? 443 : 80)) {
        *at++ = ':';
        at = put_number(at, (uint64_t)url->port);
    }
    return PUT_LITERAL(at, "\r\n");
}

static char *put_field(char *at, const char *name, size_t name_len, const char *value, size_t len)
{
    at = put(at, name, name_len);
    *at++ = ':';
    if (len > 0) {
        *at++ = ' ';
    }
    at = put(at, value, len);
    return PUT_LITERAL(at, "\r\n");
}

/* A field that the request doesn't have itself. */
static char *put_default(char *at, const struct fields *fields, const char *name, const char *value)
{
    if (!value || fields_get(fields, name)) {
        return at;
    }
    return put_field(at, name, strlen(name), value, strlen(value));
}

/* A request without content says so where its method would let one expect some. */
static char *put_framing(char *at, const struct request_header *header)
{
    if (header->length == CONTENT_CHUNKED) {
        return PUT_LITERAL(at, "Transfer-Encoding: chunked\r\n");
    }
    if (header->length >= 0) {
        at = put_number(PUT_LITERAL(at, "Content-Length: "), (uint64_t)header->length);
        return PUT_LITERAL(at, "\r\n");
    }
    return strcmp(header->method, "POST") == 0 ? PUT_LITERAL(at, "Content-Length: 0\r\n") : at;
}

/* At least as long as it will be, so that the text never moves: it has secrets. */
static size_t measure(const struct request_header *header)
{
    size_t bytes = strlen(header->method) + 2 * strlen(header->url) + 256;
    bytes += header->user_agent ? strlen(header->user_agent) : 0;
    for (size_t i = 0; i < header->fields->count; i++) {
        bytes += header->fields->list[i].name_len + header->fields->list[i].value_len + 4;
    }
    return bytes;
}

enum bosa_status request_write_header(struct buf *out, const struct request_header *header,
                                      size_t more, struct bosa_error *err)
{
    const struct fields *fields = header->fields;
    struct url url;
    if (!url_parse(&url, header->url, strlen(header->url))) {
        return error_set(err, BOSA_PARAMS, "the request's URL is not valid");
    }
    if (!buf_reserve(out, measure(header) + more)) {
        return error_nomem(err);
    }
    char *at = out->data + out->len;
    at = put(at, header->method, strlen(header->method));
    at = url.target_len > 0 && url.target[0] == '/' ? PUT_LITERAL(at, " ") : PUT_LITERAL(at, " /");
    at = put(at, url.target, url.target_len);
    at = PUT_LITERAL(at, " HTTP/1.1\r\n");
    at = put_host(at, &url);
    at = put_default(at, fields, "User-Agent", header->user_agent);
    at = put_default(at, fields, "Accept-Encoding", "gzip");
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->list[i];
        at = put_field(at, field->name, field->name_len, field->value, field->value_len);
    }
    at = put_framing(at, header);
    at = PUT_LITERAL(at, "\r\n");
    out->len = (size_t)(at - out->data);
    return BOSA_OK;
}

void request_frame_chunk(struct buf *out, size_t at, size_t len)
{
    char line[SIZE_LINE + 1];
    (void)snprintf(line, sizeof line, "%08lx\r\n", (unsigned long)(len & 0xffffffff));
    memcpy(out->data + at, line, SIZE_LINE);
    out->len = at + SIZE_LINE + len;
    buf_adds(out, "\r\n");
}

void request_end_chunks(struct buf *out)
{
    buf_adds(out, "0\r\n\r\n");
}
