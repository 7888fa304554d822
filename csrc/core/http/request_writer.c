/*
 * The writing half of the HTTP/1.1 exchange. Called by call/exchange.c; does no I/O.
 */
#include "http/request_writer.h"

#include <stdio.h>
#include <string.h>

enum { SIZE_LINE = 10 }; /* eight hexadecimal digits and a line end */

static void write_host(struct buf *out, const struct url *url)
{
    bool is_ipv6 = memchr(url->host, ':', url->host_len);
    buf_adds(out, is_ipv6 ? "Host: [" : "Host: ");
    buf_add(out, url->host, url->host_len);
    buf_adds(out, is_ipv6 ? "]" : "");
    if (url->port != (url->https ? 443 : 80)) {
        buf_addf(out, ":%d", url->port);
    }
    buf_adds(out, "\r\n");
}

static void write_field(struct buf *out, const char *name, size_t name_len, const char *value,
                        size_t len)
{
    buf_add(out, name, name_len);
    buf_add(out, ": ", len > 0 ? 2 : 1);
    buf_add(out, value, len);
    buf_add(out, "\r\n", 2);
}

/* A field that the request doesn't have itself. */
static void write_default(struct buf *out, const struct fields *fields, const char *name,
                          const char *value)
{
    if (value && !fields_get(fields, name)) {
        write_field(out, name, strlen(name), value, strlen(value));
    }
}

/* A request without content says so where its method would let one expect some. */
static void write_framing(struct buf *out, const struct request_header *header)
{
    if (header->length == CONTENT_CHUNKED) {
        buf_adds(out, "Transfer-Encoding: chunked\r\n");
    } else if (header->length >= 0) {
        buf_addf(out, "Content-Length: %lld\r\n", (long long)header->length);
    } else if (strcmp(header->method, "POST") == 0) {
        buf_adds(out, "Content-Length: 0\r\n");
    }
}

/* About as long as it will be, so that the text need not move while it grows: it has secrets. */
static size_t measure(const struct request_header *header)
{
    size_t bytes = strlen(header->url) + 256;
    bytes += header->user_agent ? strlen(header->user_agent) : 0;
    for (size_t i = 0; i < header->fields->count; i++) {
        bytes += header->fields->list[i].name_len + header->fields->list[i].value_len + 4;
    }
    return bytes;
}

enum bosa_status request_write_header(struct buf *out, const struct request_header *header,
                                      size_t more, struct bosa_error *err)
{
    struct url url;
    if (!url_parse(&url, header->url, strlen(header->url))) {
        return error_set(err, BOSA_PARAMS, "the request's URL is not valid");
    }
    buf_reserve(out, measure(header) + more);
    buf_adds(out, header->method);
    buf_adds(out, url.target_len > 0 && url.target[0] == '/' ? " " : " /");
    buf_add(out, url.target, url.target_len);
    buf_adds(out, " HTTP/1.1\r\n");
    write_host(out, &url);
    write_default(out, header->fields, "User-Agent", header->user_agent);
    write_default(out, header->fields, "Accept-Encoding", "gzip");
    for (size_t i = 0; i < header->fields->count; i++) {
        const struct field *field = &header->fields->list[i];
        write_field(out, field->name, field->name_len, field->value, field->value_len);
    }
    write_framing(out, header);
    buf_adds(out, "\r\n");
    return out->failed ? error_nomem(err) : BOSA_OK;
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
