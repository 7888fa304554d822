/*
 * Files that belong together, as those of a skill. Called by the binding; it never follows a link
 * below the directory that it was given, since somebody may have planted one.
 */
#include "base/file_tree.h"

#include "base/buf.h"
#include "base/fileio.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define MAX_SEGMENT 255 /* bytes of one name */

/* ---- paths ---- */

static bool is_safe_segment(const char *text, size_t len)
{
    return len > 0 && len <= MAX_SEGMENT && !(len == 1 && text[0] == '.') &&
           !(len == 2 && text[0] == '.' && text[1] == '.');
}

bool file_tree_is_safe(const char *path, size_t len)
{
    size_t depth = 0;

    bool has_drive = len > 1 && text_is_alpha(path[0]) && path[1] == ':';
    if (len == 0 || len > FILE_TREE_MAX_PATH || has_drive) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (path[i] == '\\' || text_is_control(path[i])) {
            return false;
        }
    }
    for (size_t start = 0; start <= len; depth++) {
        const char *slash = memchr(path + start, '/', len - start);
        size_t end = slash ? (size_t)(slash - path) : len;

        if (!is_safe_segment(path + start, end - start) || depth >= FILE_TREE_MAX_DEPTH) {
            return false;
        }
        start = end + 1;
    }
    return true;
}

/* "top/path". NULL: no memory. */
static char *below(const struct file_tree *tree, const char *path)
{
    size_t len = strlen(tree->top);
    struct buf out;

    buf_init(&out);
    buf_adds(&out, tree->top);
    buf_adds(&out, len > 0 && tree->top[len - 1] == '/' ? "" : "/");
    buf_adds(&out, path);
    return buf_take(&out, NULL);
}

/* BOSA_FILE about a path below the top. */
static enum bosa_status refuse(const struct file_tree *tree, const char *path, int number,
                               struct bosa_error *err)
{
    char *whole = below(tree, path);
    enum bosa_status status;

    if (!whole) {
        return error_nomem(err);
    }
    if (number == EEXIST) {
        status = error_set(err, BOSA_FILE, "`%s` is there already; `overwrite` replaces it", whole);
    } else if (number == ELOOP || number == EMLINK || number == ENOTDIR) { /* EMLINK: FreeBSD's */
        status =
            error_set(err, BOSA_FILE,
                      "cannot write `%s`: something that is no directory stands in its way", whole);
    } else {
        status = fileio_error(err, "write", whole, number);
    }
    mem_free(whole);
    return status;
}

static enum bosa_status refuse_name(const char *path, struct bosa_error *err)
{
    return error_set(err, BOSA_FILE, "a file can't be named so below a directory: `%.*s`",
                     (int)text_cut(path, strlen(path), 200), path);
}

/* ---- the tree ---- */

enum bosa_status file_tree_init(struct file_tree *tree, const char *top, struct bosa_error *err)
{
    memset(tree, 0, sizeof *tree);
    tree->root = tree->stage = -1;
    tree->opener = getpid();
    file_write_init(&tree->file);
    tree->top = mem_dup(top, strlen(top));
    return tree->top ? BOSA_OK : error_nomem(err);
}

/*
 * Makes directory `name` in `dir`, and remembers it as `path`; room for that comes first. Returns
 * an errno, 0 when it was made.
 */
static int make_dir(struct file_tree *tree, int dir, const char *name, const char *path, size_t len)
{
    char **list = mem_grow(tree->made, sizeof *list, tree->made_count, &tree->made_cap);
    char *copy = list ? mem_dup(path, len) : NULL;

    tree->made = list ? list : tree->made;
    if (!copy) {
        return ENOMEM;
    }
    if (mkdirat(dir, name, 0777) != 0) {
        int number = errno;
        mem_free(copy);
        return number;
    }
    tree->made[tree->made_count++] = copy;
    return 0;
}

/*
 * Opens the directory that a path's file is in. Those that are missing are made, and remembered in
 * `maker`; NULL: they aren't. Returns an errno, 0 when done; ENOENT: it is not there. *leaf is the
 * file's own name.
 */
static int open_parent(struct file_tree *maker, int root, const char *path, int *out,
                       const char **leaf)
{
    char name[MAX_SEGMENT + 1];
    int dir = fcntl(root, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), number = dir < 0 ? errno : 0;
    const char *at = path, *slash;

    while (number == 0 && (slash = strchr(at, '/')) != NULL) {
        memcpy(name, at, (size_t)(slash - at));
        name[slash - at] = '\0';
        int made = maker ? make_dir(maker, dir, name, path, (size_t)(slash - path)) : 0;
        int next = made == ENOMEM ? -1 : openat(dir, name, OPEN_DIR);
        number = next >= 0 ? 0 : made != 0 && made != EEXIST ? made : errno;
        close(dir);
        dir = next;
        at = slash + 1;
    }
    if (number != 0 && dir >= 0) {
        close(dir);
    }
    *out = number == 0 ? dir : -1;
    *leaf = at;
    return number;
}

/* What stands at a path of an open root. Returns an errno; ENOENT: nothing, which is fine. */
static int look(int root, const char *path, bool overwrite)
{
    const char *leaf;
    struct stat st;
    int dir, number = open_parent(NULL, root, path, &dir, &leaf);

    if (number != 0) {
        return number;
    }
    if (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        number = errno;
    } else if (S_ISDIR(st.st_mode)) {
        number = EISDIR;
    } else if (!overwrite) {
        number = EEXIST;
    } else if (!S_ISREG(st.st_mode)) {
        number = ENOTDIR;
    }
    close(dir);
    return number;
}

enum bosa_status file_tree_check(const struct file_tree *tree, const char *path, bool overwrite,
                                 struct bosa_error *err)
{
    if (!file_tree_is_safe(path, strlen(path))) {
        return refuse_name(path, err);
    }
    int root = open(tree->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int number = root < 0 ? errno : look(root, path, overwrite);
    if (root >= 0) {
        close(root);
    }
    return number == 0 || number == ENOENT ? BOSA_OK : refuse(tree, path, number, err);
}

/* ---- writing ---- */

/* Makes the top, and what it is in. Returns an errno, 0 when it is there. */
static int make_top(struct file_tree *tree)
{
    size_t len = strlen(tree->top);
    int number = 0;

    for (size_t i = 1; i <= len && number == 0; i++) {
        char kept = tree->top[i];
        if (kept != '/' && kept != '\0') {
            continue;
        }
        tree->top[i] = '\0';
        number = make_dir(tree, AT_FDCWD, tree->top, tree->top, i);
        tree->made_above = tree->made_count;
        if (number == EEXIST || number == EROFS || number == EACCES) {
            number = 0; /* opening the top tells */
        }
        tree->top[i] = kept;
    }
    return number;
}

/* Opens the top and makes the private directory in it. Returns an errno, 0 when done. */
static int open_stage(struct file_tree *tree)
{
    int number = make_top(tree);

    if (number != 0) {
        return number;
    }
    tree->root = fileio_above_streams(open(tree->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (tree->root < 0) {
        return errno;
    }
    memcpy(tree->staged, ".bosa-", 7);
    (void)random_hex(tree->staged + 6, 8);
    if (mkdirat(tree->root, tree->staged, 0700) != 0) {
        number = errno;
        tree->staged[0] = '\0';
        return number;
    }
    tree->stage = fileio_above_streams(openat(tree->root, tree->staged, OPEN_DIR));
    return tree->stage >= 0 ? 0 : errno;
}

/* The name of a file in the private directory; of what it replaces, with `old`. */
static void stage_name(char out[24], size_t index, bool old)
{
    (void)snprintf(out, 24, "%s%zu", old ? "o" : "n", index);
}

enum bosa_status file_tree_add(struct file_tree *tree, const char *path, struct bosa_error *err)
{
    char name[24];
    int number = tree->stage < 0 ? open_stage(tree) : 0;

    if (number != 0) {
        return fileio_error(err, "write in", tree->top, number);
    }
    if (!file_tree_is_safe(path, strlen(path))) {
        return refuse_name(path, err);
    }
    if (tree->count >= FILE_TREE_MAX_FILES) {
        return error_set(err, BOSA_FILE, "there are more than %d files", FILE_TREE_MAX_FILES);
    }
    struct tree_file *list = mem_grow(tree->files, sizeof *list, tree->count, &tree->cap);
    tree->files = list ? list : tree->files;
    char *copy = list ? mem_dup(path, strlen(path)) : NULL;
    if (!copy) {
        return error_nomem(err);
    }
    tree->files[tree->count] = (struct tree_file){.path = copy};
    stage_name(name, tree->count++, false);
    return file_write_open(&tree->file, tree->stage, name, FILE_OWN, err);
}

enum bosa_status file_tree_write(struct file_tree *tree, const char *bytes, size_t len,
                                 struct bosa_error *err)
{
    return file_write_add(&tree->file, bytes, len, err);
}

enum bosa_status file_tree_end(struct file_tree *tree, struct bosa_error *err)
{
    return file_write_finish(&tree->file, err);
}

/* ---- placing ---- */

/*
 * Keeps what a file will replace, by a link. Where none can be made, as of another's file or on a
 * file system without them, the file itself is moved. False: nothing is kept; there may be nothing.
 */
static bool put_aside(int dir, const char *leaf, int stage, const char *old)
{
    struct stat st;
    return linkat(dir, leaf, stage, old, 0) == 0 ||
           (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            renameat(dir, leaf, stage, old) == 0);
}

/* Puts one file in its place. Returns an errno, 0 when it is there. */
static int place(struct file_tree *tree, size_t index, bool overwrite)
{
    struct tree_file *file = &tree->files[index];
    char name[24], old[24];
    const char *leaf;
    int dir, number = open_parent(tree, tree->root, file->path, &dir, &leaf);

    if (number != 0) {
        return number;
    }
    stage_name(name, index, false);
    stage_name(old, index, true);
    if (overwrite) {
        file->replaced = put_aside(dir, leaf, tree->stage, old);
        number = renameat(tree->stage, name, dir, leaf) == 0 ? 0 : errno;
        if (number != 0 && file->replaced) {
            (void)renameat(tree->stage, old, dir, leaf);
        }
    } else {
        number = linkat(tree->stage, name, dir, leaf, 0) == 0 ? 0 : errno;
        if (number == EPERM || number == ENOSYS || number == EOPNOTSUPP || number == EMLINK) {
            struct stat st; /* no hard links here */
            bool taken = fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0;
            number = taken ? EEXIST : renameat(tree->stage, name, dir, leaf) == 0 ? 0 : errno;
        }
    }
    file->placed = number == 0;
    close(dir);
    return number;
}

/* Takes a placed file away again, or puts back what it replaced. */
static void take_back(struct file_tree *tree, size_t index)
{
    const struct tree_file *file = &tree->files[index];
    char old[24];
    const char *leaf;
    int dir;

    if (!file->placed || open_parent(NULL, tree->root, file->path, &dir, &leaf) != 0) {
        return;
    }
    stage_name(old, index, true);
    if (!file->replaced || renameat(tree->stage, old, dir, leaf) != 0) {
        (void)unlinkat(dir, leaf, 0);
    }
    close(dir);
}

/* Removes the private directory. */
static void remove_stage(struct file_tree *tree)
{
    char name[24];

    for (size_t i = 0; tree->stage >= 0 && i < tree->count; i++) {
        stage_name(name, i, false);
        (void)unlinkat(tree->stage, name, 0);
        stage_name(name, i, true);
        (void)unlinkat(tree->stage, name, 0);
    }
    if (tree->root >= 0 && tree->staged[0]) {
        (void)unlinkat(tree->root, tree->staged, AT_REMOVEDIR);
    }
}

/* Removes the directories that were made, the last first; one in which there is something stays. */
static void remove_made(struct file_tree *tree)
{
    for (size_t i = tree->made_count; i > 0; i--) {
        const char *path = tree->made[i - 1];
        const char *leaf;
        int dir;

        if (i <= tree->made_above) {
            (void)rmdir(path);
        } else if (open_parent(NULL, tree->root, path, &dir, &leaf) == 0) {
            (void)unlinkat(dir, leaf, AT_REMOVEDIR);
            close(dir);
        }
    }
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* Frees everything; `keep`: what was placed stays. */
static void end(struct file_tree *tree, bool keep)
{
    bool ours = tree->opener == getpid();

    file_write_drop(&tree->file);
    for (size_t i = tree->count; ours && !keep && i > 0; i--) { /* one may have replaced another */
        take_back(tree, i - 1);
    }
    if (ours) {
        remove_stage(tree);
    }
    if (ours && !keep) {
        remove_made(tree);
    }
    close_fd(&tree->stage);
    close_fd(&tree->root);
    for (size_t i = 0; i < tree->count; i++) {
        mem_free(tree->files[i].path);
    }
    for (size_t i = 0; i < tree->made_count; i++) {
        mem_free(tree->made[i]);
    }
    mem_free(tree->files);
    mem_free(tree->made);
    mem_free(tree->top);
    memset(tree, 0, sizeof *tree);
    tree->root = tree->stage = -1;
    file_write_init(&tree->file);
}

enum bosa_status file_tree_place(struct file_tree *tree, bool overwrite, struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;

    for (size_t i = 0; i < tree->count && status == BOSA_OK; i++) {
        int number = place(tree, i, overwrite);
        if (number != 0) {
            status = refuse(tree, tree->files[i].path, number, err);
        }
    }
    end(tree, status == BOSA_OK);
    return status;
}

void file_tree_drop(struct file_tree *tree)
{
    end(tree, false);
}
