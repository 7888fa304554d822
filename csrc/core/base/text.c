/*
 * Text that may have any length and come from anybody. It allocates nothing.
 */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* ASCII goes eight bytes a time. */
bool text_is_utf8(const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        uint64_t bytes;
        size_t step = 1;

        if (end - text >= 8) {
            memcpy(&bytes, text, 8);
            if ((bytes & UINT64_C(0x8080808080808080)) == 0) {
                text += 8;
                continue;
            }
        }
        if ((unsigned char)*text >= 0x80) {
            step = text_utf8_sequence(text, end);
        }
        if (step == 0) {
            return false;
        }
        text += step;
    }
    return true;
}
