/*
 * A tenant's own skills, which a user's token alone may read, and the store that their presigned
 * addresses lead to. The store refuses who brings credentials: they are nobody's business there.
 */
#include "catalog.h"

#include "emit.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* What a presigned address has to have; its end is a date that never comes. */
#define SIGNATURE "5b1c0e9a7d"

struct skill_file {
    const char *name, *content;
};

struct skill {
    const char *id, *source_type, *name, *about;
    const struct skill_file *files; /* NULL: no snapshot was taken yet */
    size_t count;
    const char *sha256; /* NULL: not said */
};

static const struct skill_file notes_files[] = {
    {"SKILL.md", "---\nname: meeting-notes\ndescription: Turns notes into minutes.\n---\n"
                 "Write what was decided first.\n"}};
static const struct skill_file style_files[] = {
    {"SKILL.md", "---\nname: house-style\n---\nShort sentences.\n"}};
static const struct skill_file release_files[] = {
    {"SKILL.md", "---\nname: release-helper\ndescription: Prepares a release.\n---\n"
                 "Run scripts/check.sh, then read docs/usage.md.\n"},
    {"docs/", NULL},
    {"docs/usage.md", "# Usage\nAsk for a release; answer the questions.\n"},
    {"scripts/", NULL},
    {"scripts/check.sh", "#!/bin/sh\nexec git status --short\n"},
};

static const struct skill skills[] = {
    {"0b2f3a54-6f1e-4c52-9d53-2a8d2c0e6a01", "upload_md", "meeting-notes",
     "Turns notes into minutes.", notes_files, 1,
     "5c44bee58358567ec3287099cf3eda0b9d7b57502177f7e92e3932534c096750"},
    {"0b2f3a54-6f1e-4c52-9d53-2a8d2c0e6a02", "upload_zip", "release-helper", "Prepares a release.",
     release_files, 5, "a261d200f18de8175ff8bbdc76191ea87bcb278bc860482400296b17064102b9"},
    {"0b2f3a54-6f1e-4c52-9d53-2a8d2c0e6a03", "manual", "house-style", NULL, style_files, 1, NULL},
    {"0b2f3a54-6f1e-4c52-9d53-2a8d2c0e6a04", "github", "not-yet-taken", "Has no snapshot yet.",
     NULL, 0, NULL},
};

#define SKILL_COUNT ((int64_t)(sizeof skills / sizeof skills[0]))

/*
 * With an API key the route is an administrator's, which wants to know of which client. False: that
 * is the response.
 */
static bool is_users(struct exchange *x, struct response *response)
{
    if (exchange_field(x, "X-API-Key")) {
        query_refuse(response, "client_id", "missing", "Field required");
        return false;
    }
    return true;
}

static void emit_skill(struct buf *out, const struct accounts *accounts, const struct skill *skill)
{
    emit_text(out, "id", skill->id);
    emit_text(out, "client_id", accounts->client_id);
    emit_text(out, "source_type", skill->source_type);
    emit_text(out, "name", skill->name);
    emit_text(out, "description", skill->about);
    emit_text(out, "github_url", NULL);
    emit_text(out, "created_at", "2025-06-30T00:00:00Z");
    emit_text(out, "updated_at", NULL);
}

/* GET /api/skills: by pages. */
void endpoint_tenant_skills(struct exchange *x, struct response *response)
{
    struct buf *out = &response->body;
    struct window window;
    if (!is_users(x, response) || !window_read(x, response, &window)) {
        return;
    }
    response->kind = RESPONSE_BODY;
    emit_open(out, NULL, '{');
    emit_open(out, "items", '[');
    for (int64_t i = window.offset; i < SKILL_COUNT && i < window.offset + window.limit; i++) {
        emit_open(out, NULL, '{');
        emit_skill(out, &x->sandbox->accounts, &skills[i]);
        emit_close(out, '}');
    }
    emit_close(out, ']');
    window_emit(out, &window, SKILL_COUNT);
    emit_close(out, '}');
}

/* The skill whose id is a segment of the path; NULL: none. */
static const struct skill *find_skill(const struct span *id)
{
    for (int64_t i = 0; i < SKILL_COUNT; i++) {
        if (strlen(skills[i].id) == id->len && memcmp(skills[i].id, id->text, id->len) == 0) {
            return &skills[i];
        }
    }
    return NULL;
}

static void emit_url(struct exchange *x, struct buf *out, const struct skill *skill)
{
    const char *host = exchange_field(x, "Host");
    if (!skill->files) {
        emit_null(out, "download_url");
        return;
    }
    emit_format(
        out, "download_url", "%s://%s/storage/%s?X-Amz-Expires=900&X-Amz-Signature=" SIGNATURE,
        x->sandbox->options.tls_cert ? "https" : "http", host ? host : "localhost", skill->id);
}

/*
 * GET /api/skills/{id}. What is no UUID falls through to another route of the real server, which
 * responds without `data`.
 */
void endpoint_tenant_skill(struct exchange *x, struct response *response)
{
    const struct skill *skill = find_skill(&x->target.segments[0]);
    struct buf *out = &response->data;
    if (!is_users(x, response)) {
        return;
    }
    if (!skill && x->target.segments[0].len != 36) {
        response_shared(response, "{\"items\":[]}", 12);
        return;
    }
    if (!skill) {
        response_error(response, 404, "skill_not_found", "Skill not found.");
        return;
    }
    emit_open(out, NULL, '{');
    emit_skill(out, &x->sandbox->accounts, skill);
    emit_open(out, "frontmatter", '{');
    emit_text(out, "name", skill->name);
    emit_close(out, '}');
    emit_url(x, out, skill);
    emit_text(out, "content_sha256", skill->sha256);
    emit_close(out, '}');
}

/* ---- the store ---- */

static void add_number(struct buf *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        buf_addc(out, (char)(value >> 8 * i & 0xff));
    }
}

/* What a file's own header and its entry in the directory have in common. */
static void add_header(struct buf *out, const struct skill_file *file)
{
    const char *content = file->content ? file->content : "";
    uint32_t size = (uint32_t)strlen(content);
    add_number(out, 20, 2); /* the version that is needed to read it */
    add_number(out, 0, 2);
    add_number(out, 0, 2); /* stored */
    add_number(out, 0x5ade0000, 4);
    add_number(out, (uint32_t)crc32(0, (const unsigned char *)content, size), 4);
    add_number(out, size, 4);
    add_number(out, size, 4);
    add_number(out, (uint32_t)strlen(file->name), 2);
    add_number(out, 0, 2);
}

/* The files as a zip whose members are stored as they are. */
static void add_zip(struct buf *out, const struct skill *skill)
{
    struct buf directory;
    buf_init(&directory);
    for (size_t i = 0; i < skill->count; i++) {
        const struct skill_file *file = &skill->files[i];
        add_number(&directory, 0x02014b50, 4);
        add_number(&directory, 0x0314, 2); /* made on Unix */
        add_header(&directory, file);
        add_number(&directory, 0, 2);
        add_number(&directory, 0, 2);
        add_number(&directory, 0, 2);
        add_number(&directory, file->content ? 0x81a40000 : 0x41ed0010, 4);
        add_number(&directory, (uint32_t)out->len, 4);
        buf_adds(&directory, file->name);
        add_number(out, 0x04034b50, 4);
        add_header(out, file);
        buf_adds(out, file->name);
        buf_adds(out, file->content ? file->content : "");
    }
    uint32_t start = (uint32_t)out->len;
    buf_add(out, directory.data, directory.len);
    add_number(out, 0x06054b50, 4);
    add_number(out, 0, 4);
    add_number(out, (uint32_t)skill->count, 2);
    add_number(out, (uint32_t)skill->count, 2);
    add_number(out, (uint32_t)directory.len, 4);
    add_number(out, start, 4);
    add_number(out, 0, 2);
    out->failed = out->failed || directory.failed;
    buf_free(&directory);
}

static bool is_signed(struct exchange *x)
{
    struct buf signature;
    buf_init(&signature);
    bool is = exchange_query(x, "X-Amz-Signature", &signature) &&
              signature.len == sizeof SIGNATURE - 1 &&
              memcmp(signature.data, SIGNATURE, sizeof SIGNATURE - 1) == 0;
    buf_free(&signature);
    return is;
}

/* GET /storage/{id}, as an object store has it: its errors are XML. */
void endpoint_skill_file(struct exchange *x, struct response *response)
{
    const struct skill *skill = find_skill(&x->target.segments[0]);
    response->kind = RESPONSE_BODY;
    if (exchange_field(x, "Authorization") || exchange_field(x, "X-API-Key")) {
        response->status = 400;
        response_field(response, "Content-Type", "application/xml");
        buf_adds(&response->body, "<Error><Code>InvalidArgument</Code><Message>Only one auth "
                                  "mechanism allowed</Message></Error>");
    } else if (!skill || !skill->files || !is_signed(x)) {
        response->status = 403;
        response_field(response, "Content-Type", "application/xml");
        buf_addf(&response->body,
                 "<Error><Code>SignatureDoesNotMatch</Code><StringToSign>%s</StringToSign></Error>",
                 x->uri);
    } else if (strcmp(skill->source_type, "upload_zip") == 0) {
        response_field(response, "Content-Type", "application/zip");
        add_zip(&response->body, skill);
    } else {
        response_field(response, "Content-Type", "text/markdown");
        buf_adds(&response->body, skill->files[0].content);
    }
}
