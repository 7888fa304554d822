/*
 * What both encodings of a form share: walking the parameters, refusing what no form can hold, and
 * the text of a value.
 */
#include "request/form.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "json/json_error.h"

#include <string.h>

#define SHOWN_NAME 60 /* bytes of a parameter's name that a path repeats */

/* Adds the details of one validation error, in the form that schema.h lists them. */
static enum bosa_status add_details(struct bosa_error *err, const char *path, size_t path_len,
                                    const char *text)
{
    struct json_doc doc;
    json_init(&doc);
    uint32_t list = json_open(&doc, JSON_ARRAY);
    uint32_t item = json_open(&doc, JSON_OBJECT);
    json_add_string(&doc, "path", 4);
    json_add_string(&doc, path, path_len);
    json_add_string(&doc, "message", 7);
    json_add_string(&doc, text, strlen(text));
    json_close(&doc, item, 2);
    json_close(&doc, list, 1);
    return json_error_attach(err, &doc);
}

/* The value itself is not shown: it may be a secret. */
enum bosa_status form_error(struct bosa_error *err, const struct form_item *item, const char *text)
{
    struct buf path;
    size_t len;
    buf_init(&path);
    buf_add(&path, item->name, text_cut(item->name, item->name_len, SHOWN_NAME));
    if (item->index >= 0) {
        buf_addf(&path, "[%ld]", item->index);
    }
    char *shown = buf_take(&path, &len);
    if (!shown) {
        return error_nomem(err);
    }
    enum bosa_status status = error_set(err, BOSA_PARAMS, "parameter `%s`: %s", shown, text);
    if (status == BOSA_PARAMS && add_details(err, shown, len, text) != BOSA_OK) {
        status = error_nomem(err);
    }
    mem_free(shown);
    return status;
}

/*
 * True for a container that the caller left open: as a form's value it is an empty list, which
 * sends nothing.
 */
static bool is_nothing(const struct json_node *node)
{
    return node->type == JSON_NULL || ((node->flags & JSON_F_EITHER) && node->len == 0);
}

/* Shows one value. What can't be one is refused here, so that no visitor meets a container. */
static enum bosa_status visit_value(const struct form *form, const struct form_item *item,
                                    form_visit *visit, void *context, struct bosa_error *err)
{
    const struct json_node *node = &form->doc->nodes[item->node];
    if (is_nothing(node)) {
        return BOSA_OK;
    }
    if (node->type == JSON_OBJECT) {
        return form_error(err, item,
                          "an object can't be sent in a form, and this action takes one");
    }
    if (node->type == JSON_ARRAY) {
        return form_error(
            err, item, "a list within a list can't be sent in a form, and this action takes one");
    }
    return visit(context, form, item, err);
}

/* Shows the items of a list. */
static enum bosa_status visit_list(const struct form *form, const struct form_item *list,
                                   form_visit *visit, void *context, struct bosa_error *err)
{
    struct form_item item = *list;
    uint32_t end = json_next(form->doc, list->node);
    enum bosa_status status = BOSA_OK;
    item.index = 0;
    item.node = list->node + 1;
    while (status == BOSA_OK && item.node < end) {
        status = visit_value(form, &item, visit, context, err);
        item.node = json_next(form->doc, item.node);
        item.index++;
    }
    return status;
}

/* Of a name given twice the last one counts, as everywhere in a document. */
static enum bosa_status each_member(const struct form *form, const struct json_index *index,
                                    form_visit *visit, void *context, struct bosa_error *err)
{
    const struct json_doc *doc = form->doc;
    enum bosa_status status = BOSA_OK;
    uint32_t end = json_next(doc, form->node);
    uint32_t next;
    for (uint32_t key = form->node + 1; status == BOSA_OK && key < end; key = next) {
        struct form_item item = {.index = -1, .node = key + 1};
        next = json_next(doc, item.node);
        item.name = json_text(doc, key, &item.name_len);
        if (json_index_get(index, item.name, item.name_len) != item.node) {
            continue;
        }
        if (json_type(doc, item.node) == JSON_ARRAY) {
            status = visit_list(form, &item, visit, context, err);
        } else {
            status = visit_value(form, &item, visit, context, err);
        }
    }
    return status;
}

enum bosa_status form_each(const struct form *form, form_visit *visit, void *context,
                           struct bosa_error *err)
{
    const struct json_doc *doc = form->doc;
    if (json_type(doc, form->node) != JSON_OBJECT) {
        return error_set(err, BOSA_PARAMS, "the parameters must be an object, not %s",
                         json_type_name(doc, form->node));
    }
    struct json_index index;
    if (!json_index_build(&index, doc, form->node)) {
        return error_nomem(err);
    }
    enum bosa_status status = each_member(form, &index, visit, context, err);
    json_index_free(&index);
    return status;
}

/* Numbers are written by json, so that a form and a JSON body say the same. */
enum bosa_status form_text(struct buf *out, const struct form *form, const struct form_item *item,
                           struct bosa_error *err)
{
    size_t len;
    switch (json_type(form->doc, item->node)) {
    case JSON_TRUE:
        buf_adds(out, "true");
        return BOSA_OK;
    case JSON_FALSE:
        buf_adds(out, "false");
        return BOSA_OK;
    case JSON_STRING: {
        const char *text = json_text(form->doc, item->node, &len);
        if (!text_is_utf8(text, len)) {
            return form_error(err, item, "the text is not UTF-8");
        }
        buf_add(out, text, len);
        return BOSA_OK;
    }
    default:
        return json_write(out, form->doc, item->node, err);
    }
}
