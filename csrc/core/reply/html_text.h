/*
 * html_text: the sentence in an HTML error page, as proxies and gateways send it. Private to the
 * reply.
 */
#ifndef BOSA_HTML_TEXT_H
#define BOSA_HTML_TEXT_H

#include "base/buf.h"

/*
 * Adds the text of the page's first `name` element ("title", "h1", "body"): without tags, scripts,
 * styles and comments, the common entities decoded, runs of white space as one space. Nothing is
 * added where there is none.
 */
void html_text(struct buf *out, const char *page, size_t len, const char *name);

#endif
