/* A Content-Disposition: its file name is UTF-8, and its safe form can leave no directory. */
#include "http/disposition.h"
#include "base/text.h"
#include "fuzz.h"
#include "http/file_name.h"
#include "json/json.h"

static void check_safe(const char *name)
{
    size_t len = strlen(name);
    PROMISE(len > 0 && len <= 200);
    PROMISE(text_is_utf8(name, len));
    PROMISE(strpbrk(name, "/\\:*?\"<>|\r\n\t") == NULL);
    PROMISE(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    PROMISE(name[0] != ' ' && name[0] != '.' && name[len - 1] != ' ' && name[len - 1] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value = fuzz_string(data, size);
    char *name = NULL;
    PROMISE(disposition_filename(value, &name) == BOSA_OK);
    char *safe = http_safe_filename(name ? name : value);
    PROMISE(safe != NULL);
    check_safe(safe);
    char *again = http_safe_filename(safe);
    PROMISE(again != NULL && strcmp(again, safe) == 0);
    if (name) {
        PROMISE(text_is_utf8(name, strlen(name)));
    }
    mem_free(again);
    mem_free(safe);
    mem_free(name);
    mem_free(value);
    return 0;
}
