/*
 * Documents that travel with an error. They are made where validation errors are found and read by
 * the binding; base/error.c frees and copies them without knowing what they are.
 */
#include "json/json_error.h"

#include "base/mem.h"

struct json_details {
    struct error_details base; /* the first, so that a pointer to it is one to the whole */
    struct json_doc doc;
};

static void details_free(struct error_details *details)
{
    struct json_details *d = (struct json_details *)details;
    json_free(&d->doc);
    mem_free(d);
}

static struct error_details *details_new(struct json_doc *doc);

static struct error_details *details_copy(const struct error_details *details)
{
    const struct json_details *d = (const struct json_details *)details;
    struct json_doc copy;
    json_init(&copy);
    if (d->doc.count > 0) {
        json_add_copy(&copy, &d->doc, 0);
    }
    return details_new(&copy);
}

/* Takes the document; NULL: it has failed, or no memory. */
static struct error_details *details_new(struct json_doc *doc)
{
    struct json_details *d = doc->failed ? NULL : mem_alloc(sizeof *d);
    if (!d) {
        json_free(doc);
        json_init(doc);
        return NULL;
    }
    d->base = (struct error_details){details_free, details_copy};
    d->doc = *doc;
    json_init(doc);
    return &d->base;
}

enum bosa_status json_error_attach(struct bosa_error *err, struct json_doc *doc)
{
    struct error_details *details = details_new(doc);
    if (!details) {
        return BOSA_NOMEM;
    }
    if (err->details) {
        err->details->free(err->details);
    }
    err->details = details;
    return BOSA_OK;
}

struct json_doc *json_error_details(const struct bosa_error *err)
{
    return err->details ? &((struct json_details *)err->details)->doc : NULL;
}
