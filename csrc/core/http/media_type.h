/*
 * media_type: what a Content-Type says, and which one a file name suggests.
 */
#ifndef BOSA_MEDIA_TYPE_H
#define BOSA_MEDIA_TYPE_H

#include <stdbool.h>

/*
 * True for application/json, text/json and +json types, with or without parameters, any case.
 * NULL is false.
 */
bool http_is_json(const char *content_type);

/*
 * Media type for a file name's extension; "application/octet-stream" for others. A static string.
 */
const char *http_type_of(const char *filename);

#endif
