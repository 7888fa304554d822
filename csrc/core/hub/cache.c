/*
 * A file is one line and the JSON text after it. The line:
 *
 *   bosa-cache 1 CHECKSUM LENGTH FETCHED ETAG LAST-MODIFIED NAME BASE-URL
 *
 * CHECKSUM (16 hexadecimal digits) covers everything after it, the text included. The last four
 * are percent-encoded after a "=", so none of them is empty or holds a space. Name and base URL
 * are there because a file's name tells them by a hash only.
 */
#include "hub/cache.h"

#include "base/buf.h"
#include "base/file_write.h"
#include "base/fileio.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_MAGIC "bosa-cache 1 "
#define CACHE_MAGIC_LEN (sizeof CACHE_MAGIC - 1)
#define CACHE_SUM_DIGITS 16
#define CACHE_HEAD_LEN (CACHE_MAGIC_LEN + CACHE_SUM_DIGITS)
#define CACHE_MAX_BYTES ((off_t)256 << 20) /* of a file; a longer one is broken */
#define CACHE_MAX_NAME 120                 /* bytes of an escaped name; a longer one is hashed */

#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

/*
 * FNV-1a's step over eight bytes at a time, the upper half folded back: enough to tell a torn or
 * mixed-up file; it guards against no attacker. Of the machine's own byte order, as its files are.
 */
static uint64_t hash(const char *bytes, size_t len)
{
    uint64_t sum = HASH_START, word;

    for (; len >= sizeof word; bytes += sizeof word, len -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        sum = (sum ^ word) * HASH_PRIME;
        sum ^= sum >> 32;
    }
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ (unsigned char)bytes[i]) * HASH_PRIME;
    }
    return sum;
}

/* The name of the file of an entry, NUL-terminated. NULL: no memory. */
static char *file_name(const char *base_url, const char *name)
{
    struct buf out;
    size_t start, len = strlen(name);

    buf_init(&out);
    buf_addf(&out, "%016" PRIx64 "-", hash(base_url, strlen(base_url)));
    start = out.len;
    buf_add_escaped(&out, name, len);
    if (!out.failed && out.len - start > CACHE_MAX_NAME) {
        out.len = start;
        buf_addf(&out, "%016" PRIx64, hash(name, len));
    }
    buf_adds(&out, ".cache");
    return buf_take(&out, NULL);
}

/*
 * Opens the directory; a negative number when it is not there, is no directory, or belongs to
 * someone else, who could then plant schemas that send an API key's calls to wrong paths.
 */
static int open_dir(const char *dir)
{
    struct stat st;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid())) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    return fd;
}

/*
 * Opens an entry's file for reading, if it is a regular file of ours that nobody else can write,
 * with a size that can be right.
 */
static int open_entry(int dir, const char *file, size_t *size)
{
    struct stat st;
    /* O_NONBLOCK: a FIFO of that name must not make us wait. */
    int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        (st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_size < 0 || st.st_size > CACHE_MAX_BYTES) {
        close(fd);
        return -1;
    }
    *size = (size_t)st.st_size;
    return fd;
}

/* Reads up to `size` bytes; returns how many there were. */
static size_t read_all(int fd, char *out, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, out + done, size - done);

        if (n == 0 || (n < 0 && errno != EINTR)) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return done;
}

/* ---- the header line ---- */

/* The next word of the line, which is left after its space; NULL and sticky when there is none. */
static char *next_word(char **line)
{
    char *word = *line, *space = !word ? NULL : strchr(word, ' ');

    if (space) {
        *space++ = '\0';
    }
    *line = space;
    return word;
}

/* Reads a word of decimal digits that fits int64_t. */
static bool read_number(const char *word, int64_t *out)
{
    char *end;
    long long n;

    if (!word || word[0] < '0' || word[0] > '9') {
        return false;
    }
    errno = 0;
    n = strtoll(word, &end, 10);
    *out = n;
    return errno == 0 && *end == '\0';
}

/* Undoes in place what add_text wrote; false when it is not of that form. */
static bool read_text(char *word)
{
    char *out = word, *in = word;

    if (!word || *in++ != '=') {
        return false;
    }
    while (*in != '\0') {
        int byte = (unsigned char)*in;

        if (*in == '%') {
            byte = text_percent(in, strlen(in));
            in += 2;
        }
        if (byte <= 0) {
            return false;
        }
        *out++ = (char)byte;
        in++;
    }
    *out = '\0';
    return true;
}

/* Adds " =text"; a missing text is written as an empty one. */
static void add_text(struct buf *out, const char *text)
{
    buf_adds(out, " =");
    if (text) {
        buf_add_escaped(out, text, strlen(text));
    }
}

/* An owned copy of a word, NULL for an empty one. False: no memory. */
static bool keep_text(char **to, const char *word)
{
    *to = *word == '\0' ? NULL : mem_dup(word, strlen(word));
    return *word == '\0' || *to;
}

/* BROKEN files are removed; for want of memory none is. */
enum verdict { WHOLE, BROKEN, NO_MEMORY };

/* Reads the words after the checksum; `text_len` is the length that they have to name. */
static enum verdict read_line(char *line, const char *base_url, const char *name, size_t text_len,
                              struct cache_entry *out)
{
    int64_t len;
    char *word[4];
    bool good = read_number(next_word(&line), &len) && (uint64_t)len == text_len &&
                read_number(next_word(&line), &out->fetched);

    for (size_t i = 0; good && i < 4; i++) {
        word[i] = next_word(&line);
        good = read_text(word[i]);
    }
    if (!good || line || strcmp(word[2], name) != 0 || strcmp(word[3], base_url) != 0) {
        return BROKEN;
    }
    if (!keep_text(&out->etag, word[0]) || !keep_text(&out->last_modified, word[1])) {
        return NO_MEMORY;
    }
    return WHOLE;
}

/* True when the bytes begin with the magic word and a checksum that agrees with all after it. */
static bool sum_agrees(const char *bytes, size_t size)
{
    char sum[CACHE_SUM_DIGITS + 1];

    if (size <= CACHE_HEAD_LEN || memcmp(bytes, CACHE_MAGIC, CACHE_MAGIC_LEN) != 0 ||
        bytes[CACHE_HEAD_LEN] != ' ') {
        return false;
    }
    (void)snprintf(sum, sizeof sum, "%016" PRIx64,
                   hash(bytes + CACHE_HEAD_LEN, size - CACHE_HEAD_LEN));
    return memcmp(bytes + CACHE_MAGIC_LEN, sum, CACHE_SUM_DIGITS) == 0;
}

/* Takes a file's content (`bytes`, which becomes out->text when it is whole) apart. */
static enum verdict take_apart(char *bytes, size_t size, const char *base_url, const char *name,
                               struct cache_entry *out)
{
    char *text = sum_agrees(bytes, size) ? memchr(bytes, '\n', size) : NULL;
    enum verdict verdict;
    size_t len;

    if (!text || text < bytes + CACHE_HEAD_LEN + 1) {
        return BROKEN;
    }
    *text++ = '\0';
    len = size - (size_t)(text - bytes);
    verdict = read_line(bytes + CACHE_HEAD_LEN + 1, base_url, name, len, out);
    if (verdict == WHOLE) {
        memmove(bytes, text, len);
        out->text = bytes;
        out->len = len;
    }
    return verdict;
}

/* Reads an open file; `bytes` that do not become the entry's are freed. */
static enum verdict read_entry(int fd, size_t size, const char *base_url, const char *name,
                               struct cache_entry *out)
{
    char *bytes = mem_alloc(size);
    enum verdict verdict;

    if (!bytes) {
        return NO_MEMORY;
    }
    if (read_all(fd, bytes, size) != size) {
        verdict = BROKEN;
    } else {
        verdict = take_apart(bytes, size, base_url, name, out);
    }
    if (verdict != WHOLE) {
        mem_free(bytes);
        cache_entry_free(out);
    }
    return verdict;
}

/* Every way out but WHOLE leaves `out` empty. */
bool cache_read(const char *dir, const char *base_url, const char *name, struct cache_entry *out)
{
    char *file = file_name(base_url, name);
    int at = !file ? -1 : open_dir(dir);
    enum verdict verdict = NO_MEMORY;

    memset(out, 0, sizeof *out);
    if (at >= 0) {
        size_t size;
        int fd = open_entry(at, file, &size);

        if (fd >= 0) {
            verdict = read_entry(fd, size, base_url, name, out);
            close(fd);
        }
        if (verdict == BROKEN) {
            (void)unlinkat(at, file, 0);
        }
        close(at);
    }
    mem_free(file);
    return verdict == WHOLE;
}

/* ---- writing ---- */

/* The error of a system call that failed with `number` under the directory `dir`. */
static enum bosa_status write_error(struct bosa_error *err, const char *dir, int number)
{
    if (number == ENOMEM) {
        return error_nomem(err);
    }
    return fileio_error(err, "write to the cache directory", dir, number);
}

/* The header line of an entry and its text. */
static void add_entry(struct buf *out, const char *base_url, const char *name,
                      const struct cache_entry *entry)
{
    struct buf rest;

    buf_init(&rest);
    buf_addf(&rest, " %zu %" PRId64, entry->len, entry->fetched);
    add_text(&rest, entry->etag);
    add_text(&rest, entry->last_modified);
    add_text(&rest, name);
    add_text(&rest, base_url);
    buf_addc(&rest, '\n');
    buf_add(&rest, entry->text, entry->len);
    if (rest.failed) {
        out->failed = true;
    } else {
        buf_addf(out, CACHE_MAGIC "%016" PRIx64, hash(rest.data, rest.len));
        buf_add(out, rest.data, rest.len);
    }
    buf_free(&rest);
}

/* Makes a directory and those above it, for us alone. Returns an errno, 0: it is there. */
static int make_dirs(const char *dir)
{
    char *path = mem_dup(dir, strlen(dir));
    int number = !path ? ENOMEM : 0;

    for (char *at = path; number == 0 && *at;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char was = *at;
        *at = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST && access(path, F_OK) != 0) {
            number = errno;
        }
        *at = was;
    }
    mem_free(path);
    return number;
}

/* cache_write into a directory that is made where it is missing. */
static enum bosa_status write_file(const char *dir, const char *file, const struct buf *content,
                                   struct bosa_error *err)
{
    enum bosa_status status;
    int at;

    int number = make_dirs(dir);
    if (number != 0) {
        return write_error(err, dir, number);
    }
    at = open_dir(dir);
    if (at < 0) {
        return write_error(err, dir, errno);
    }
    /* No fsync: after a crash of the machine the checksum tells, and what is lost is fetched again.
     */
    status = file_write_all(at, file, content->data, content->len, FILE_OWN, err);
    close(at);
    return status;
}

/* The whole file is made in memory first: the checksum stands at its start. */
enum bosa_status cache_write(const char *dir, const char *base_url, const char *name,
                             const struct cache_entry *entry, struct bosa_error *err)
{
    char *file = file_name(base_url, name);
    enum bosa_status status;
    struct buf content;

    buf_init(&content);
    add_entry(&content, base_url, name, entry);
    if (!file || content.failed) {
        status = error_nomem(err);
    } else {
        status = write_file(dir, file, &content, err);
    }
    buf_free(&content);
    mem_free(file);
    return status;
}

/* That there is nothing to remove, or no memory to name it, is not told. */
void cache_remove(const char *dir, const char *base_url, const char *name)
{
    char *file = file_name(base_url, name);
    int at = !file ? -1 : open_dir(dir);

    if (at >= 0) {
        (void)unlinkat(at, file, 0);
        close(at);
    }
    mem_free(file);
}

/* Leaves an empty entry, so it may be called again. */
void cache_entry_free(struct cache_entry *entry)
{
    mem_free(entry->text);
    mem_free(entry->etag);
    mem_free(entry->last_modified);
    memset(entry, 0, sizeof *entry);
}
