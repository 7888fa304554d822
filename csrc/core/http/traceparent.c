/*
 * Checks a traceparent before it is sent. Asked by the hub for its option and by the binding for
 * every other one.
 */
#include "http/traceparent.h"

/* True when `len` bytes are lower-case hexadecimal digits. */
static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (!digit) {
            return false;
        }
    }
    return true;
}

/* True when all bytes are `c`. */
static bool is_all(const char *text, size_t len, char c)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != c) {
            return false;
        }
    }
    return true;
}

bool traceparent_is_valid(const char *text, size_t len)
{
    if (len != TRACEPARENT_LEN || text[2] != '-' || text[35] != '-' || text[52] != '-') {
        return false;
    }
    return is_hex(text, 2) && !is_all(text, 2, 'f') && is_hex(text + 3, 32) &&
           !is_all(text + 3, 32, '0') && is_hex(text + 36, 16) && !is_all(text + 36, 16, '0') &&
           is_hex(text + 53, 2);
}
