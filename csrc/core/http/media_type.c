/* Media types: which of them are JSON, and which one a file's name stands for. */
#include "http/media_type.h"
#include "http/header_fields.h"

#include "base/text.h"

#include <string.h>

/*
 * What file names end in and the type that stands for; in the order of the alphabet, for the
 * reader.
 */
static const struct {
    const char *extension, *type;
} types[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"log", "text/plain"},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"tsv", "text/tab-separated-values"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
};

/* The extension is what follows the last dot; a name that only begins with a dot has none. */
const char *http_type_of(const char *filename)
{
    const char *dot = strrchr(filename, '.');
    if (dot && dot > filename && dot[-1] != '/') {
        size_t len = strlen(dot + 1);
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            if (http_same(dot + 1, len, types[i].extension, strlen(types[i].extension))) {
                return types[i].type;
            }
        }
    }
    return "application/octet-stream";
}

/* Length of "type/subtype" at the start of a Content-Type value, without blanks and parameters. */
static size_t essence(const char *content_type)
{
    size_t len = strcspn(content_type, ";,");
    while (len > 0 && text_is_blank(content_type[len - 1])) {
        len--;
    }
    return len;
}

/* A suffix counts only in a subtype that has more than it: "application/+json" is nothing. */
bool http_is_json(const char *content_type)
{
    if (!content_type) {
        return false;
    }
    content_type += strspn(content_type, " \t");
    size_t len = essence(content_type);
    if (http_same(content_type, len, "application/json", 16) ||
        http_same(content_type, len, "text/json", 9)) {
        return true;
    }
    const char *slash = memchr(content_type, '/', len);
    size_t before = slash ? (size_t)(slash - content_type) + 1 : 0;
    return before > 1 && len > before + 5 && http_same(content_type + len - 5, 5, "+json", 5);
}
