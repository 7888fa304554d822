/*
 * Saving a file that was received already. It is written beside its place like any download, so
 * that nobody ever sees half of it.
 */
#include "reply/sink.h"

#include "base/fileio.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define RUN 65536      /* bytes copied at a time */
#define MAX_NAMES 9999 /* names tried in a directory before giving up */

/* Copies everything. `block` has room for RUN bytes. */
static enum bosa_status copy_all(const struct sink *from, struct file_write *to, char *block,
                                 struct bosa_error *err)
{
    uint64_t offset = 0;
    while (offset < from->size) {
        size_t got;
        enum bosa_status status = sink_read(from, offset, block, RUN, &got, err);
        if (status == BOSA_OK && got == 0) {
            status = error_set(err, BOSA_FILE, "the file's temporary copy has become shorter");
        }
        if (status == BOSA_OK) {
            status = file_write_add(to, block, got, err);
        }
        if (status != BOSA_OK) {
            return status;
        }
        offset += got;
    }
    return BOSA_OK;
}

/* BOSA_FILE unless the sink has its whole content. */
static enum bosa_status check_held(const struct sink *sink, const char *path,
                                   struct bosa_error *err)
{
    if (sink->finished && sink->kind == SINK_MEMORY) {
        return BOSA_OK;
    }
    return error_set(err, BOSA_FILE, "cannot write `%s`: the content was given away already", path);
}

/* Writes everything to a file that is open. */
static enum bosa_status save_all(const struct sink *sink, struct file_write *file,
                                 struct bosa_error *err)
{
    char *block = mem_alloc(RUN);
    enum bosa_status status = block ? copy_all(sink, file, block, err) : error_nomem(err);
    mem_free(block);
    return status;
}

enum bosa_status sink_save(const struct sink *sink, const char *path, struct bosa_error *err)
{
    struct file_write file;
    file_write_init(&file);
    enum bosa_status status = check_held(sink, path, err);
    if (status == BOSA_OK) {
        status = file_write_open(&file, AT_FDCWD, path, 0, err);
    }
    if (status == BOSA_OK) {
        status = save_all(sink, &file, err);
    }
    if (status == BOSA_OK) {
        status = file_write_finish(&file, err);
    }
    file_write_drop(&file);
    return status;
}

/* "dir/name", for n over 0 with " (n)" before the extension. NULL: no memory. */
static char *candidate(const char *dir, const char *name, int n)
{
    struct buf path;
    const char *dot = strrchr(name, '.');
    size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    size_t dir_len = strlen(dir);
    buf_init(&path);
    buf_adds(&path, dir);
    if (dir[dir_len - 1] != '/') {
        buf_addc(&path, '/');
    }
    buf_add(&path, name, stem);
    if (n > 0) {
        buf_addf(&path, " (%d)", n);
    }
    buf_adds(&path, name + stem);
    return buf_take(&path, NULL);
}

/* Tries one name after the other until one is free. */
static enum bosa_status place_somewhere(struct file_write *file, const char *dir, const char *name,
                                        char **saved, struct bosa_error *err)
{
    int number = EEXIST;
    for (int n = 0; n <= MAX_NAMES && number == EEXIST; n++) {
        char *path = candidate(dir, name, n);
        if (!path) {
            return error_nomem(err);
        }
        number = file_write_place(file, path);
        if (number == 0) {
            *saved = path;
            return BOSA_OK;
        }
        mem_free(path);
    }
    return fileio_error(err, "save a file in", dir, number);
}

/* Saves under the first name that is free, `path` being the one wished for. */
static enum bosa_status save_new(const struct sink *sink, const char *path, const char *dir,
                                 const char *name, char **saved, struct bosa_error *err)
{
    struct file_write file;
    file_write_init(&file);
    enum bosa_status status = check_held(sink, path, err);
    if (status == BOSA_OK) {
        status = file_write_open_new(&file, path, err);
    }
    if (status == BOSA_OK) {
        status = save_all(sink, &file, err);
    }
    if (status == BOSA_OK) {
        status = place_somewhere(&file, dir, name, saved, err);
    }
    file_write_drop(&file);
    return status;
}

enum bosa_status sink_save_in(const struct sink *sink, const char *dir, const char *name,
                              char **saved, struct bosa_error *err)
{
    *saved = NULL;
    if (name[0] == '\0' || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return error_set(err, BOSA_FILE,
                         "cannot save a file in `%s`: its name `%s` is no file name", dir, name);
    }
    if (dir[0] == '\0') { /* as any system call says; it is not the current one */
        return fileio_error(err, "save a file in", dir, ENOENT);
    }
    char *path = candidate(dir, name, 0);
    if (!path) {
        return error_nomem(err);
    }
    enum bosa_status status = save_new(sink, path, dir, name, saved, err);
    mem_free(path);
    return status;
}
