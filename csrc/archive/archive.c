/*
 * bosa.archive: reads zips by libarchive and makes SHA-256 digests by libcrypto. A module of its
 * own, built only where both libraries' headers are, and loaded by lua/bosa/skills.lua when a skill
 * is downloaded: nothing else of bosa needs them. It judges neither names nor sizes, and writes
 * nothing.
 */
#include "compat.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#ifdef __NetBSD__ /* has no uselocale: names that are no ASCII are refused there */
#define uselocale(locale) ((void)(locale), (locale_t)0)
#endif

#define ZIP_CLASS "bosa.archive.zip"
#define DIGEST_CLASS "bosa.archive.sha256"

#define CHUNK 65536 /* bytes that one read gives at most */

/* uservalue: {the zip's bytes}. */
struct zip {
    struct archive *archive; /* NULL once closed */
    locale_t locale;         /* whose names are UTF-8; 0: there is none */
    char chunk[CHUNK];
};

struct digest {
    EVP_MD_CTX *context; /* NULL once finished */
};

static int fail(lua_State *L, const char *message)
{
    lua_pushnil(L);
    lua_pushstring(L, message);
    return 2;
}

/* ---- names that libarchive would change ---- */

static uint32_t number_at(const unsigned char *at, int bytes)
{
    uint32_t value = 0;
    for (int i = bytes; i > 0; i--) {
        value = value << 8 | at[i - 1];
    }
    return value;
}

/* The end record, which a comment of any length may follow. NULL: none. */
static const unsigned char *find_end(const unsigned char *bytes, size_t len)
{
    for (size_t back = 22; back <= len && back <= 22 + 65535; back++) {
        const unsigned char *at = bytes + len - back;
        if (memcmp(at, "PK\5\6", 4) == 0 && number_at(at + 20, 2) == back - 22) {
            return at;
        }
    }
    return NULL;
}

/*
 * Whether the entry itself, to which its record in the directory leads, has the same name as that:
 * libarchive gives the entry's, other readers the record's.
 */
static bool has_same_name(const unsigned char *bytes, size_t len, size_t record, size_t name)
{
    size_t at = number_at(bytes + record + 42, 4);
    return at <= len && len - at >= 30 + name && memcmp(bytes + at, "PK\3\4", 4) == 0 &&
           number_at(bytes + at + 26, 2) == name &&
           memcmp(bytes + at + 30, bytes + record + 46, name) == 0;
}

/*
 * Why the names of the zip's directory can't be taken as libarchive gives them, which ends them at
 * a NUL and may make slashes of backslashes; NULL: they can. A directory that isn't where the end
 * record says is refused, too: then it is not sure that both read the same one.
 */
static const char *check_names(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text, *end = find_end(bytes, len);
    if (!end) {
        return "it is no zip";
    }
    uint32_t count = number_at(end + 10, 2);
    size_t at = number_at(end + 16, 4), stop = (size_t)(end - bytes);
    for (; count > 0; count--) {
        if (at > stop || stop - at < 46 || memcmp(bytes + at, "PK\1\2", 4) != 0) {
            return "its directory is broken, or of a kind that is not read";
        }
        size_t name = number_at(bytes + at + 28, 2);
        size_t more = number_at(bytes + at + 30, 2) + number_at(bytes + at + 32, 2);
        if (stop - at - 46 < name + more) {
            return "its directory is broken, or of a kind that is not read";
        }
        if (memchr(bytes + at + 46, '\0', name) || memchr(bytes + at + 46, '\\', name)) {
            return "a name in it holds a NUL or a backslash";
        }
        if (!has_same_name(bytes, stop, at, name)) {
            return "a file in it has another name than its directory says";
        }
        at += 46 + name + more;
    }
    return at == stop ? NULL : "its directory is broken, or of a kind that is not read";
}

/* ---- zips ---- */

static void zip_release(struct zip *zip)
{
    if (zip->archive) {
        archive_read_free(zip->archive);
        zip->archive = NULL;
    }
    if (zip->locale) {
        freelocale(zip->locale);
        zip->locale = (locale_t)0;
    }
}

static int zip_gc(lua_State *L)
{
    zip_release(luaL_checkudata(L, 1, ZIP_CLASS));
    return 0;
}

static const char *reason(struct zip *zip)
{
    const char *text = zip->archive ? archive_error_string(zip->archive) : NULL;
    return text ? text : "it can't be read";
}

/* Pushes nil and what libarchive says. */
static int zip_fail(lua_State *L, struct zip *zip)
{
    fail(L, reason(zip));
    zip_release(zip);
    return 2;
}

/* A locale in which libarchive leaves UTF-8 as it is. */
static locale_t utf8_locale(void)
{
    static const char *const names[] = {"C.UTF-8", "en_US.UTF-8", "UTF-8"};
    locale_t found = (locale_t)0;
    for (size_t i = 0; !found && i < sizeof names / sizeof names[0]; i++) {
        found = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
    }
    return found;
}

/* zip(bytes) -> zip | nil, message */
static int zip_open(lua_State *L)
{
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    const char *why = check_names(bytes, len);
    if (why) {
        return fail(L, why);
    }
    struct zip *zip = lua_newuserdata(L, sizeof *zip);
    zip->archive = NULL;
    zip->locale = (locale_t)0;
    luaL_getmetatable(L, ZIP_CLASS);
    lua_setmetatable(L, -2);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_setuservalue(L, -2);
    zip->locale = utf8_locale();
    zip->archive = archive_read_new();
    if (!zip->archive) {
        return luaL_error(L, "not enough memory");
    }
    if (archive_read_support_format_zip_seekable(zip->archive) != ARCHIVE_OK ||
        archive_read_open_memory(zip->archive, bytes, len) != ARCHIVE_OK) {
        return zip_fail(L, zip);
    }
    return 1;
}

/* What an entry is: a word for it. Hard links are told by their own field. */
static const char *kind_of(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry) || archive_entry_filetype(entry) == AE_IFLNK) {
        return "link";
    }
    if (archive_entry_is_encrypted(entry)) {
        return "encrypted";
    }
    if (archive_entry_filetype(entry) == AE_IFDIR) {
        return "directory";
    }
    return archive_entry_filetype(entry) == AE_IFREG ? "file" : "other";
}

static int next_header(struct zip *zip, struct archive_entry **entry)
{
    locale_t before = zip->locale ? uselocale(zip->locale) : (locale_t)0;
    int status = archive_read_next_header(zip->archive, entry);
    if (before) {
        (void)uselocale(before);
    }
    return status;
}

/* zip:next() -> name, "file" | "directory" | "link" | "encrypted" | "other"; nil: there are no
 * more; nil, message */
static int zip_next(lua_State *L)
{
    struct zip *zip = luaL_checkudata(L, 1, ZIP_CLASS);
    struct archive_entry *entry = NULL;
    int status = zip->archive ? next_header(zip, &entry) : ARCHIVE_EOF;
    if (status == ARCHIVE_EOF) {
        return 0;
    }
    const char *name = status == ARCHIVE_OK ? archive_entry_pathname(entry) : NULL;
    if (!name) {
        return zip_fail(L, zip);
    }
    lua_pushstring(L, name);
    lua_pushstring(L, kind_of(entry));
    return 2;
}

/* zip:read() -> bytes of the entry; nil: there are no more; nil, message */
static int zip_read(lua_State *L)
{
    struct zip *zip = luaL_checkudata(L, 1, ZIP_CLASS);
    la_ssize_t got = zip->archive ? archive_read_data(zip->archive, zip->chunk, CHUNK) : 0;
    if (got < 0) {
        return zip_fail(L, zip);
    }
    if (got == 0) {
        return 0;
    }
    lua_pushlstring(L, zip->chunk, (size_t)got);
    return 1;
}

/* ---- digests ---- */

static int digest_gc(lua_State *L)
{
    struct digest *digest = luaL_checkudata(L, 1, DIGEST_CLASS);
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
    return 0;
}

/* sha256() -> digest */
static int digest_new(lua_State *L)
{
    struct digest *digest = lua_newuserdata(L, sizeof *digest);
    digest->context = NULL;
    luaL_getmetatable(L, DIGEST_CLASS);
    lua_setmetatable(L, -2);
    digest->context = EVP_MD_CTX_new();
    if (!digest->context || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1) {
        return luaL_error(L, "libcrypto can't make SHA-256 digests");
    }
    return 1;
}

static struct digest *check_digest(lua_State *L)
{
    struct digest *digest = luaL_checkudata(L, 1, DIGEST_CLASS);
    luaL_argcheck(L, digest->context, 1, "it is finished");
    return digest;
}

/* digest:add(bytes) */
static int digest_add(lua_State *L)
{
    struct digest *digest = check_digest(L);
    size_t len;
    const char *bytes = luaL_checklstring(L, 2, &len);
    if (EVP_DigestUpdate(digest->context, bytes, len) != 1) {
        return luaL_error(L, "libcrypto can't make SHA-256 digests");
    }
    return 0;
}

/* digest:finish() -> 32 bytes */
static int digest_finish(lua_State *L)
{
    struct digest *digest = check_digest(L);
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    bool ok = EVP_DigestFinal_ex(digest->context, out, &len) == 1;
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
    if (!ok) {
        return luaL_error(L, "libcrypto can't make SHA-256 digests");
    }
    lua_pushlstring(L, (const char *)out, len);
    return 1;
}

/* ---- the module ---- */

/* Makes a class: __gc and the methods. */
static void make_class(lua_State *L, const char *name, lua_CFunction gc, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    compat_setfuncs(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

__attribute__((visibility("default"))) int luaopen_bosa_archive(lua_State *L);

int luaopen_bosa_archive(lua_State *L)
{
    static const luaL_Reg zips[] = {{"next", zip_next}, {"read", zip_read}, {NULL, NULL}};
    static const luaL_Reg digests[] = {
        {"add", digest_add}, {"finish", digest_finish}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"zip", zip_open}, {"sha256", digest_new}, {NULL, NULL}};
    make_class(L, ZIP_CLASS, zip_gc, zips);
    make_class(L, DIGEST_CLASS, digest_gc, digests);
    lua_newtable(L);
    compat_setfuncs(L, functions);
    return 1;
}
