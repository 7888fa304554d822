/*
 * multipart/form-data as segments of a body. Text is gathered until a file's content needs a
 * segment of its own, so a form without files on disk is still few segments.
 */
#include "request/form.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "http/header_fields.h"
#include "http/media_type.h"

#include <stdio.h>
#include <string.h>

#define RANDOM_BYTES 16

/* What the parts are written to. Text is gathered in `pending` until a file's own segment comes. */
struct writer {
    struct body *body;
    const char *boundary;
    struct buf pending;
};

/* ---- the boundary ---- */

/* True when `text` occurs among the bytes. */
static bool contains(const char *bytes, size_t len, const char *text, size_t text_len)
{
    while (len >= text_len) {
        const char *found = memchr(bytes, text[0], len - text_len + 1);
        if (!found) {
            return false;
        }
        if (memcmp(found, text, text_len) == 0) {
            return true;
        }
        len -= (size_t)(found + 1 - bytes);
        bytes = found + 1;
    }
    return false;
}

/* Files on disk and feeds are not searched: 128 random bits make a guess hopeless. */
bool multipart_collides(const char *boundary, const struct form *form)
{
    size_t len = strlen(boundary);
    if (form->doc->text_len > 0 && contains(form->doc->text, form->doc->text_len, boundary, len)) {
        return true;
    }
    for (size_t i = 0; i < form->file_count; i++) {
        const struct file_part *file = &form->files[i];
        if (file->bytes && contains(file->bytes, file->len, boundary, len)) {
            return true;
        }
    }
    return false;
}

void multipart_boundary(char out[FORM_BOUNDARY_SIZE], const struct form *form)
{
    do {
        memcpy(out, "bosa-", 5);
        (void)random_hex(out + 5, RANDOM_BYTES);
    } while (multipart_collides(out, form));
}

/* ---- the parts ---- */

/* What would end the quoted name, or the line, has no business in a part's name. */
static enum bosa_status check_name(const struct form_item *item, struct bosa_error *err)
{
    for (size_t i = 0; i < item->name_len; i++) {
        if (text_is_control(item->name[i]) || item->name[i] == '"' || item->name[i] == '\\') {
            return form_error(
                err, item,
                "a name with quotes, backslashes or control characters can't be sent in a form");
        }
    }
    return BOSA_OK;
}

/* Adds what every part begins with, up to the end of its name. */
static void open_part(struct writer *writer, const struct form_item *item)
{
    buf_adds(&writer->pending, "--");
    buf_adds(&writer->pending, writer->boundary);
    buf_adds(&writer->pending, "\r\nContent-Disposition: form-data; name=\"");
    buf_add(&writer->pending, item->name, item->name_len);
    buf_addc(&writer->pending, '"');
}

/* The name to send: the one given, else the path's last component, else "file". */
static const char *name_of(const struct file_part *file)
{
    if (file->filename && file->filename[0] != '\0') {
        return file->filename;
    }
    const char *slash = file->path ? strrchr(file->path, '/') : NULL;
    const char *name = slash ? slash + 1 : file->path;
    return name && name[0] != '\0' ? name : "file";
}

/*
 * Adds a file's name. The server undoes no encoding, so what the quoted string can't hold becomes
 * `_`.
 */
static void add_filename(struct buf *out, const char *name)
{
    buf_adds(out, "; filename=\"");
    for (; *name; name++) {
        bool bad = text_is_control(*name) || *name == '"' || *name == '\\';
        buf_addc(out, bad ? '_' : *name);
    }
    buf_addc(out, '"');
}

/* Adds the lines after Content-Disposition: the content type and the caller's own fields. */
static enum bosa_status add_fields(struct buf *out, const struct form_item *item,
                                   const struct file_part *file, struct bosa_error *err)
{
    struct fields all;
    const char *type = file->content_type;
    enum bosa_status status = fields_copy(&all, &file->fields);
    if (status != BOSA_OK) {
        return error_nomem(err);
    }
    if (!type && !fields_get(&all, "Content-Type")) {
        type = http_type_of(name_of(file));
    }
    if (type) {
        status = fields_set(&all, "Content-Type", type, strlen(type), err);
    }
    if (status == BOSA_OK && fields_get(&all, "Content-Disposition")) {
        status = form_error(
            err, item, "a file's Content-Disposition is made from its name and can't be given");
    }
    for (size_t i = 0; status == BOSA_OK && i < all.count; i++) {
        buf_addf(out, "\r\n%s: ", all.list[i].name);
        buf_add(out, all.list[i].value, all.list[i].value_len);
    }
    fields_free(&all);
    return status;
}

/* Makes a segment of the text that is pending. */
static enum bosa_status flush(struct writer *writer, struct bosa_error *err)
{
    if (body_add_buf(writer->body, &writer->pending) != BOSA_OK) {
        return error_nomem(err);
    }
    return BOSA_OK;
}

/* Adds a file's content, each kind of source in its own segment. */
static enum bosa_status add_content(struct writer *writer, const struct form_item *item,
                                    const struct file_part *file, struct bosa_error *err)
{
    enum bosa_status status;
    if (file->path) {
        return body_add_path(writer->body, file->path, err);
    }
    if (file->bytes) {
        status = body_add_bytes(writer->body, file->bytes, file->len);
    } else if (file->feed != BODY_NO_FEED) {
        status = body_add_feed(writer->body, file->feed, file->size);
    } else {
        return form_error(err, item, "the file has no content");
    }
    return status == BOSA_OK ? status : error_nomem(err);
}

/* Writes the part of one file; its content is not read here. */
static enum bosa_status write_file(struct writer *writer, const struct form *form,
                                   const struct form_item *item, struct bosa_error *err)
{
    uint64_t index = form->doc->nodes[item->node].v.u;
    if (index >= form->file_count) {
        return form_error(err, item, "the file is missing");
    }
    const struct file_part *file = &form->files[index];
    open_part(writer, item);
    add_filename(&writer->pending, name_of(file));
    enum bosa_status status = add_fields(&writer->pending, item, file, err);
    if (status != BOSA_OK) {
        return status;
    }
    buf_adds(&writer->pending, "\r\n\r\n");
    status = flush(writer, err);
    if (status == BOSA_OK) {
        status = add_content(writer, item, file, err);
    }
    buf_adds(&writer->pending, "\r\n");
    return status;
}

/* A form_visit: one value is one part. */
static enum bosa_status write_part(void *context, const struct form *form,
                                   const struct form_item *item, struct bosa_error *err)
{
    struct writer *writer = context;
    enum bosa_status status = check_name(item, err);
    if (status != BOSA_OK) {
        return status;
    }
    if (json_type(form->doc, item->node) == JSON_FILE) {
        return write_file(writer, form, item, err);
    }
    open_part(writer, item);
    buf_adds(&writer->pending, "\r\n\r\n");
    status = form_text(&writer->pending, form, item, err);
    buf_adds(&writer->pending, "\r\n");
    return status;
}

enum bosa_status multipart_write(struct body *body, const char *boundary, const struct form *form,
                                 struct bosa_error *err)
{
    struct writer writer = {.body = body, .boundary = boundary};
    buf_init_secret(&writer.pending);
    enum bosa_status status = form_each(form, write_part, &writer, err);
    if (status == BOSA_OK) {
        buf_adds(&writer.pending, "--");
        buf_adds(&writer.pending, boundary);
        buf_adds(&writer.pending, "--\r\n");
        status = flush(&writer, err);
    }
    buf_free(&writer.pending);
    return status;
}
