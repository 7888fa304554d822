/* A request's parameters become its body here, in the encoding that they ask for. */
#include "request/request.h"

#include "base/buf.h"
#include "base/mem.h"
#include "http/header_fields.h"
#include "request/form.h"

#include <stdio.h>
#include <string.h>

/* A NULL stays NULL: which of path, bytes and feed is in use is told by that. */
enum bosa_status file_part_copy(struct file_part *to, const struct file_part *from)
{
    memset(to, 0, sizeof *to);
    to->len = from->len;
    to->feed = from->feed;
    to->size = from->size;
    to->bytes = from->bytes ? mem_dup(from->bytes, from->len) : NULL;
    bool ok = (to->bytes || !from->bytes) && mem_copy_text(&to->path, from->path) &&
              mem_copy_text(&to->filename, from->filename) &&
              mem_copy_text(&to->content_type, from->content_type) &&
              fields_copy(&to->fields, &from->fields) == BOSA_OK;
    if (!ok) {
        file_part_free(to);
        return BOSA_NOMEM;
    }
    return BOSA_OK;
}

void file_part_free(struct file_part *part)
{
    mem_free(part->path);
    mem_free(part->bytes);
    mem_free(part->filename);
    mem_free(part->content_type);
    fields_free(&part->fields);
    memset(part, 0, sizeof *part);
    part->feed = BODY_NO_FEED;
}

void request_init(struct request *request)
{
    memset(request, 0, sizeof *request);
    request->method = "GET";
}

void request_free(struct request *request)
{
    mem_free(request->url);
    fields_free(&request->fields);
    body_free(request->body);
    request_init(request);
}

/* True when a file is anywhere under the node. */
static bool has_file(const struct json_doc *doc, uint32_t node)
{
    uint32_t end = json_next(doc, node);
    for (; node < end; node++) {
        if (json_type(doc, node) == JSON_FILE) {
            return true;
        }
    }
    return false;
}

/*
 * A form_visit: adds name=value to the buffer. All but the unreserved characters are encoded, also
 * the space.
 */
static enum bosa_status write_pair(void *context, const struct form *form,
                                   const struct form_item *item, struct bosa_error *err)
{
    struct buf *out = context;
    struct buf text;
    buf_init_secret(&text);
    enum bosa_status status = form_text(&text, form, item, err);
    if (out->len > 0) {
        buf_addc(out, '&');
    }
    buf_add_escaped(out, item->name, item->name_len);
    buf_addc(out, '=');
    if (text.len > 0) {
        buf_add_escaped(out, text.data, text.len);
    }
    out->failed = out->failed || text.failed;
    buf_free(&text);
    return status;
}

/* Writes the body of one of the two kinds that are one run of bytes. */
static enum bosa_status write_bytes(struct body *body, const struct form *form, bool urlencoded,
                                    struct bosa_error *err)
{
    struct buf out;
    buf_init_secret(&out);
    enum bosa_status status = urlencoded ? form_each(form, write_pair, &out, err)
                                         : json_write(&out, form->doc, form->node, err);
    if (status != BOSA_OK) {
        buf_free(&out);
        return status;
    }
    status = body_add_buf(body, &out);
    return status == BOSA_OK ? status : error_nomem(err);
}

/* Gives the request its body and Content-Type; `body` stays the caller's on failure. */
static enum bosa_status set_body(struct request *request, struct body *body, const char *type,
                                 struct bosa_error *err)
{
    enum bosa_status status = fields_set(&request->fields, "Content-Type", type, strlen(type), err);
    if (status == BOSA_OK) {
        body_free(request->body);
        request->body = body;
    }
    return status;
}

/* The request changes only when its new body is whole. */
enum bosa_status request_set_params(struct request *request, const struct json_doc *params,
                                    uint32_t node, bool form, const struct file_part *files,
                                    size_t file_count, struct bosa_error *err)
{
    const struct form source = {params, node, files, file_count};
    const char *type = form ? "application/x-www-form-urlencoded" : "application/json";
    char multipart[80];
    struct body *body = body_new();
    enum bosa_status status;
    if (!body) {
        return error_nomem(err);
    }
    if (has_file(params, node)) {
        char boundary[FORM_BOUNDARY_SIZE];
        multipart_boundary(boundary, &source);
        snprintf(multipart, sizeof multipart, "multipart/form-data; boundary=%s", boundary);
        type = multipart;
        status = multipart_write(body, boundary, &source, err);
    } else {
        status = write_bytes(body, &source, form, err);
    }
    if (status == BOSA_OK) {
        status = set_body(request, body, type, err);
    }
    if (status != BOSA_OK) {
        body_free(body);
    }
    return status;
}
