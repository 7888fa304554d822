/*
 * file_tree: several files below one directory, all of them or none.
 *
 * Their names are those of somebody who isn't trusted. Every one is checked before anything is
 * written. The files are written in a private directory, and take their places when all are there;
 * where that fails, what was placed is taken away again, and what was replaced is put back. No
 * directory below the top is entered through a symbolic link.
 */
#ifndef BOSA_FILE_TREE_H
#define BOSA_FILE_TREE_H

#include "base/file_write.h"

#define FILE_TREE_MAX_FILES 10000
#define FILE_TREE_MAX_PATH 1024 /* bytes of a path below the top */
#define FILE_TREE_MAX_DEPTH 32  /* directories within each other */

struct tree_file {
    char *path;    /* owned; below the top */
    bool placed;   /* it is there */
    bool replaced; /* something was, which is kept */
};

struct file_tree {
    char *top;               /* owned; the directory, as it was named */
    int root;                /* open, or -1 */
    int stage;               /* the private directory within it, or -1 */
    char staged[40];         /* its name */
    struct tree_file *files; /* owned */
    size_t count, cap;
    char **made; /* owned, each too: directories that we made, below the top; or, from `made_above`
                    down, above it */
    size_t made_count, made_cap, made_above;
    struct file_write file; /* what is being written */
    pid_t opener;           /* the process that began it, which alone takes it back */
};

/*
 * True for a path that may be below any directory: not empty, not absolute, no drive letter, no
 * empty, `.` or `..` segment, no backslash or control character, and within the bounds above.
 */
bool file_tree_is_safe(const char *path, size_t len);

/* Begins; nothing is touched yet. BOSA_NOMEM: then, too, the tree may be dropped. */
enum bosa_status file_tree_init(struct file_tree *tree, const char *top, struct bosa_error *err);

/*
 * Whether a file may come to be at this path: BOSA_FILE where the path isn't safe, leads through
 * something else than directories, or is taken: by a file, unless `overwrite`, or by anything else.
 */
enum bosa_status file_tree_check(const struct file_tree *tree, const char *path, bool overwrite,
                                 struct bosa_error *err);

/* Begins the next file; the directory is made now, if there is none. */
enum bosa_status file_tree_add(struct file_tree *tree, const char *path, struct bosa_error *err);
enum bosa_status file_tree_write(struct file_tree *tree, const char *bytes, size_t len,
                                 struct bosa_error *err);
enum bosa_status file_tree_end(struct file_tree *tree, struct bosa_error *err);

/* Puts all of them in their places. The tree is empty afterwards, also on failure. */
enum bosa_status file_tree_place(struct file_tree *tree, bool overwrite, struct bosa_error *err);

/* Leaves nothing behind of what was not placed. May be called again. */
void file_tree_drop(struct file_tree *tree);

#endif
