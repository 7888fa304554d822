/* Retry-After and dates: a wait is never negative but to say that there is none. */
#include "fuzz.h"
#include "http/header_fields.h"
#include "http/http_date.h"
#include "http/media_type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    double wait = http_retry_after(text, 1700000000);
    int64_t seconds = 0;
    PROMISE(wait == wait);
    if (http_date(text, &seconds)) {
        PROMISE(wait >= 0);
    }
    (void)http_is_json(text);
    (void)http_is_reference(text, size);
    mem_free(text);
    return 0;
}
