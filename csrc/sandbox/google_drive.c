/*
 * google_drive: files that were made up, and those that callers upload, which are kept whole. Its
 * list responds with a cursor that it takes back under another name, as the real one does.
 */
#include "run.h"

#include "base/mem.h"
#include "emit.h"
#include "http/header_fields.h"
#include "http/media_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INVENTED 47
#define MAX_FILES 10000
#define MAX_STORED ((size_t)256 << 20) /* bytes of all uploads */

struct drive_file {
    char id[34];
    char name[201];
    char type[101];
    struct buf content; /* empty for an invented file: its text is made when it is read */
    bool uploaded;
    uint64_t size;
    int64_t created;
    const char *owner;
};

struct drive {
    struct drive_file *files; /* owned; oldest first */
    size_t count, cap;
    size_t stored; /* bytes of uploads */
    struct dice dice;
};

/* What is in an invented file. */
static void write_content(struct buf *out, const struct drive_file *file)
{
    buf_addf(out, "%s\n\nThis document was made up for a demonstration.\nIt belongs to %s.\n",
             file->name, file->owner);
}

/* Room for one more file, zeroed; NULL: no memory, or too many. */
static struct drive_file *add_file(struct drive *drive)
{
    if (drive->count == drive->cap) {
        size_t cap = drive->cap ? drive->cap * 2 : 64;
        struct drive_file *files =
            cap > 2 * MAX_FILES ? NULL : mem_realloc(drive->files, cap * sizeof *files);
        if (!files) {
            return NULL;
        }
        drive->files = files;
        drive->cap = cap;
    }
    struct drive_file *file = &drive->files[drive->count];
    memset(file, 0, sizeof *file);
    memcpy(file->id, "1", 1);
    invent_opaque(&drive->dice, file->id + 1, 32);
    file->owner = "ada@example.com";
    file->created = INVENT_NOW + (int64_t)drive->count;
    drive->count++;
    return file;
}

/* Adds a file that is made up. False: no memory. */
static bool invent_file(struct drive *drive)
{
    struct drive_file *file = add_file(drive);
    struct buf content;
    if (!file) {
        return false;
    }
    invent_filename(&drive->dice, file->name, sizeof file->name);
    snprintf(file->type, sizeof file->type, "%s", http_type_of(file->name));
    file->owner = invent_person(dice_roll(&drive->dice))->mail;
    file->created = INVENT_NOW - (int64_t)(INVENTED - drive->count) * 9 * INVENT_DAY;
    buf_init(&content);
    write_content(&content, file);
    file->size = content.len;
    buf_free(&content);
    return true;
}

void drive_free(struct drive *drive)
{
    for (size_t i = 0; drive && i < drive->count; i++) {
        buf_free(&drive->files[i].content);
    }
    if (drive) {
        mem_free(drive->files);
    }
    mem_free(drive);
}

/* The drive, made at first use; NULL: no memory, and the response is made. */
static struct drive *drive_of(const struct run *run, struct response *response)
{
    struct sandbox *sandbox = run->sandbox;
    if (sandbox->drive) {
        return sandbox->drive;
    }
    struct drive *drive = mem_zalloc(1, sizeof *drive);
    bool ok = drive;
    if (ok) {
        drive->dice.state = sandbox->options.seed ^ 0xd21e;
    }
    for (size_t i = 0; ok && i < INVENTED; i++) {
        ok = invent_file(drive);
    }
    if (!ok) {
        drive_free(drive);
        response_error(response, 500, "no_memory", "no memory");
        return NULL;
    }
    return sandbox->drive = drive;
}

/* A file as responses describe it, without its content. */
static void emit_file(struct buf *out, const struct drive_file *file)
{
    emit_open(out, NULL, '{');
    emit_text(out, "id", file->id);
    emit_text(out, "name", file->name);
    emit_text(out, "mime_type", file->type);
    emit_int(out, "size", (int64_t)file->size);
    emit_time(out, "created_time", file->created);
    emit_open(out, "owners", '[');
    emit_open(out, NULL, '{');
    emit_text(out, "email_address", file->owner);
    emit_close(out, '}');
    emit_close(out, ']');
    emit_format(out, "web_view_link", "https://drive.example.com/file/%s", file->id);
    emit_close(out, '}');
}

/* The file that `id` names; NULL: there is none, and the response is made. */
static struct drive_file *file_of(const struct run *run, struct drive *drive,
                                  struct response *response)
{
    for (size_t i = 0; i < drive->count; i++) {
        if (run_is(run, "id", drive->files[i].id)) {
            return &drive->files[i];
        }
    }
    response_error(response, 404, "file_not_found", "There is no file with this id.");
    return NULL;
}

/* True when the file's name has the words of `query`. */
static bool is_found(const struct run *run, const struct drive_file *file)
{
    size_t len, name = strlen(file->name);
    const char *query = run_text(run, "query", &len);
    for (size_t i = 0; i + len <= name; i++) {
        if (!query || http_same(file->name + i, len, query, len)) {
            return true;
        }
    }
    return false;
}

/* Newest first. As the real service it tells only whether there is more, and where. */
static void search_files(const struct run *run, struct response *response)
{
    struct drive *drive = drive_of(run, response);
    int64_t size = run_int(run, "page_size", 10), first = 0, found = 0;
    char token[24];
    if (!drive) {
        return;
    }
    if (run_copy(run, "page_token", token, sizeof token)) {
        first = strtoll(token + (strncmp(token, "TOK", 3) == 0 ? 3 : 0), NULL, 10);
    }
    emit_open(&response->data, NULL, '[');
    for (size_t i = drive->count; i > 0; i--) {
        if (!is_found(run, &drive->files[i - 1])) {
            continue;
        }
        if (found >= first && found < first + size) {
            emit_file(&response->data, &drive->files[i - 1]);
        }
        found++;
    }
    emit_close(&response->data, ']');
    emit_open(&response->meta, NULL, '{');
    emit_bool(&response->meta, "has_next", first + size < found);
    if (first + size < found) {
        emit_format(&response->meta, "forwards_cursor", "TOK%lld", (long long)(first + size));
    }
    emit_close(&response->meta, '}');
}

/* Keeps the file that was sent, or an empty one of that name. */
static void create_file(const struct run *run, struct response *response)
{
    struct drive *drive = drive_of(run, response);
    const struct part *part = run_file(run, "file", 0);
    if (!drive) {
        return;
    }
    if (part && (part->kept.len < part->size || drive->stored + part->kept.len > MAX_STORED)) {
        response_error(response, 413, "too_large", "The file is too large for this drive.");
        return;
    }
    struct drive_file *file = add_file(drive);
    if (!file) {
        response_error(response, 500, "too_many", "There are too many files.");
        return;
    }
    if (!run_copy(run, "name", file->name, sizeof file->name)) {
        snprintf(file->name, sizeof file->name, "%.200s", part ? part->filename : "Untitled");
    }
    snprintf(file->type, sizeof file->type, "%.100s",
             part && part->type ? part->type : "text/plain");
    file->uploaded = true;
    if (part) {
        buf_add(&file->content, part->kept.data, part->kept.len);
        file->size = part->size;
        drive->stored += part->kept.len;
    }
    emit_file(&response->data, file);
}

/* Responds with the content itself, not an envelope. */
static void download_file(const struct run *run, struct response *response)
{
    struct drive *drive = drive_of(run, response);
    const struct drive_file *file = drive ? file_of(run, drive, response) : NULL;
    if (!file) {
        return;
    }
    response->kind = RESPONSE_BODY;
    response_file(response, file->type, file->name);
    if (file->uploaded) {
        buf_add(&response->body, file->content.data, file->content.len);
    } else {
        write_content(&response->body, file);
    }
}

/* Forgets a file and what it takes; its id is not given out again. */
static void delete_file(const struct run *run, struct response *response)
{
    struct drive *drive = drive_of(run, response);
    struct drive_file *file = drive ? file_of(run, drive, response) : NULL;
    if (!file) {
        return;
    }
    drive->stored -= file->content.len;
    buf_free(&file->content);
    size_t at = (size_t)(file - drive->files);
    memmove(file, file + 1, (drive->count - at - 1) * sizeof *file);
    drive->count--;
    emit_open(&response->data, NULL, '{');
    emit_bool(&response->data, "success", true);
    emit_close(&response->data, '}');
}

static const struct param search_params[] = {
    MAY("query", "'type':'string'", "Words in the name, whatever their case."),
    MAY_PRESET("page_size", "'type':'integer','minimum':1,'maximum':100", "10",
               "Files a page, up to 100."),
    MAY("page_token", "'type':'string'", "Where to go on: what `meta` calls forwards_cursor."),
    RESPONSE_FIELDS,
    RESPONSE_FILTERS,
    NO_MORE};

static const struct param create_params[] = {
    MAY("file", "'format':'binary','type':'string'", "The content."),
    MAY("name", "'type':'string','maxLength':200", "The name; that of the file without it."),
    MAY("description", "'type':'string'", "What it is."),
    MAY("starred", "'type':'boolean'", "Whether it gets a star."),
    MAY("parents", "'items':{'type':'string'},'type':'array'", "Folders it is put in."),
    RESPONSE_FIELDS,
    RESPONSE_FILTERS,
    NO_MORE};

static const struct param id_params[] = {NEED("id", "'type':'string'", "The file's id."), NO_MORE};

static const char file_list[] = "'type':'array','items':{'type':'object','properties':{'id':{'type'"
                                ":'string'},'name':{'type':'string'},"
                                "'mime_type':{'type':'string'},'size':{'type':'integer'}}}";

static const struct action_def actions[] = {
    {"search_files", "Find files by name, newest first.", search_params, NULL, file_list,
     search_files, 0},
    {"create_file", "Put a file on the drive.", create_params, NULL, NULL, create_file,
     ACTION_KEEPS_FILES},
    {"download_file", "Get the content of a file.", id_params, NULL, NULL, download_file, 0},
    {"delete_file", "Remove a file.", id_params, NULL, NULL, delete_file, 0},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0}};

const struct connector_def connector_drive = {"google_drive", "Google Drive", actions};
