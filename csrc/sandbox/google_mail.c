/*
 * google_mail: letters that were made up, and those that callers send, with their attachments.
 */
#include "run.h"

#include "base/mem.h"
#include "emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INVENTED 60
#define MAX_SENT 1000
#define MAX_ATTACHMENTS 10
#define MAX_STORED ((size_t)256 << 20) /* bytes of all attachments */

struct attachment {
    char name[201];
    char type[101];
    struct buf content;
};

/* A letter that was sent here. The invented ones are made when they are read. */
struct sent {
    char to[201];
    char subject[201];
    struct attachment attachments[MAX_ATTACHMENTS];
    size_t attachment_count;
};

struct mail {
    struct sent *sent; /* owned; oldest first */
    size_t count, cap;
    size_t stored;
};

/* Frees the attachments of a letter. */
static void sent_free(struct sent *sent)
{
    for (size_t i = 0; i < sent->attachment_count; i++) {
        buf_free(&sent->attachments[i].content);
    }
}

void mail_free(struct mail *mail)
{
    for (size_t i = 0; mail && i < mail->count; i++) {
        sent_free(&mail->sent[i]);
    }
    if (mail) {
        mem_free(mail->sent);
    }
    mem_free(mail);
}

/* The mailbox, made at first use; NULL: no memory, and the response is made. */
static struct mail *mail_of(const struct run *run, struct response *response)
{
    struct sandbox *sandbox = run->sandbox;
    if (!sandbox->mail) {
        sandbox->mail = mem_zalloc(1, sizeof *sandbox->mail);
    }
    if (!sandbox->mail) {
        response_error(response, 500, "no_memory", "no memory");
    }
    return sandbox->mail;
}

/* ---- reading ---- */

/* The members of a letter's attachments: one of five that were invented has one. */
static void emit_attachment(struct buf *out, int64_t letter, size_t i, const char *name,
                            const char *type, size_t size)
{
    emit_open(out, NULL, '{');
    emit_format(out, "id", "att-%lld-%zu", (long long)letter, i);
    emit_text(out, "filename", name);
    emit_text(out, "mime_type", type);
    emit_int(out, "size", (int64_t)size);
    emit_close(out, '}');
}

static const char invented_attachment[] = "date,visitors\n2025-06-28,412\n2025-06-29,377\n";

/* A letter that was made up, the same for the same number. */
static void emit_invented(struct buf *out, uint64_t seed, int64_t number)
{
    struct dice dice = {seed ^ (uint64_t)number * UINT64_C(0x9e3779b97f4a7c15)};
    const struct person *from = invent_person(dice_roll(&dice));
    emit_open(out, NULL, '{');
    emit_format(out, "id", "msg-%lld", (long long)number);
    emit_format(out, "from", "%s <%s>", from->name, from->mail);
    emit_text(out, "to", "ada@example.com");
    emit_text(out, "subject", invent_subject(&dice));
    emit_text(out, "snippet", invent_paragraph(&dice));
    emit_time(out, "date",
              INVENT_NOW - (INVENTED - number) * 17000 - (int64_t)dice_below(&dice, 9000));
    emit_bool(out, "unread", dice_below(&dice, 3) == 0);
    emit_open(out, "attachments", '[');
    if (number % 5 == 0) {
        emit_attachment(out, number, 0, "visitors.csv", "text/csv", sizeof invented_attachment - 1);
    }
    emit_close(out, ']');
    emit_close(out, '}');
}

/* A letter that a caller has sent. */
static void emit_sent(struct buf *out, const struct sent *sent, int64_t number)
{
    emit_open(out, NULL, '{');
    emit_format(out, "id", "msg-%lld", (long long)number);
    emit_text(out, "from", "Ada Wirawan <ada@example.com>");
    emit_text(out, "to", sent->to);
    emit_text(out, "subject", sent->subject);
    emit_time(out, "date", INVENT_NOW + number);
    emit_bool(out, "unread", false);
    emit_open(out, "attachments", '[');
    for (size_t i = 0; i < sent->attachment_count; i++) {
        const struct attachment *attachment = &sent->attachments[i];
        emit_attachment(out, number, i, attachment->name, attachment->type,
                        attachment->content.len);
    }
    emit_close(out, ']');
    emit_close(out, '}');
}

/* Newest first. */
static void list_emails(const struct run *run, struct response *response)
{
    const struct mail *mail = mail_of(run, response);
    if (!mail) {
        return;
    }
    int64_t total = INVENTED + (int64_t)mail->count;
    struct window window = run_page(run, response, total, 20);
    emit_open(&response->data, NULL, '[');
    for (int64_t i = 0; i < window.count; i++) {
        int64_t number = total - window.first - i;
        if (number > INVENTED) {
            emit_sent(&response->data, &mail->sent[number - INVENTED - 1], number);
        } else {
            emit_invented(&response->data, run->sandbox->options.seed, number);
        }
    }
    emit_close(&response->data, ']');
}

/* Reads an id as emit_attachment writes it: the letter's number and which of its files. */
static bool read_id(const struct run *run, int64_t *letter, size_t *i)
{
    char id[40];
    char *end;
    run_copy(run, "attachment_id", id, sizeof id);
    if (strncmp(id, "att-", 4) != 0) {
        return false;
    }
    *letter = strtoll(id + 4, &end, 10);
    if (*end != '-') {
        return false;
    }
    *i = strtoul(end + 1, &end, 10);
    return *end == '\0';
}

/* A file of either kind of letter; its id says which. */
static void get_attachment(const struct run *run, struct response *response)
{
    const struct mail *mail = mail_of(run, response);
    int64_t letter;
    size_t i;
    if (!mail) {
        return;
    }
    bool read = read_id(run, &letter, &i);
    if (read && letter > 0 && letter <= INVENTED && letter % 5 == 0 && i == 0) {
        response->kind = RESPONSE_BODY;
        response_file(response, "text/csv", "visitors.csv");
        buf_add(&response->body, invented_attachment, sizeof invented_attachment - 1);
        return;
    }
    if (read && letter > INVENTED && letter <= INVENTED + (int64_t)mail->count &&
        i < mail->sent[letter - INVENTED - 1].attachment_count) {
        const struct attachment *found = &mail->sent[letter - INVENTED - 1].attachments[i];
        response->kind = RESPONSE_BODY;
        response_file(response, found->type, found->name);
        buf_add(&response->body, found->content.data, found->content.len);
        return;
    }
    response_error(response, 404, "attachment_not_found", "There is no attachment with this id.");
}

/* ---- sending ---- */

/* Copies the files of the request. False: they are too large, or there is no memory. */
static bool copy_attachments(const struct run *run, struct mail *mail, struct sent *sent)
{
    const struct part *part;
    while (sent->attachment_count < MAX_ATTACHMENTS &&
           (part = run_file(run, "attachments", sent->attachment_count)) != NULL) {
        struct attachment *attachment = &sent->attachments[sent->attachment_count++];
        mail->stored += part->kept.len;
        snprintf(attachment->name, sizeof attachment->name, "%.200s", part->filename);
        snprintf(attachment->type, sizeof attachment->type, "%.100s",
                 part->type ? part->type : "application/octet-stream");
        buf_add(&attachment->content, part->kept.data, part->kept.len);
        if (attachment->content.failed || part->kept.len < part->size ||
            mail->stored > MAX_STORED) {
            return false;
        }
    }
    return true;
}

/* Room for one more letter, zeroed; NULL: no memory, or too many. */
static struct sent *add_sent(struct mail *mail)
{
    if (mail->count == mail->cap) {
        size_t cap = mail->cap ? mail->cap * 2 : 4;
        struct sent *sent = cap > 2 * MAX_SENT ? NULL : mem_realloc(mail->sent, cap * sizeof *sent);
        if (!sent) {
            return NULL;
        }
        mail->sent = sent;
        mail->cap = cap;
    }
    memset(&mail->sent[mail->count], 0, sizeof *mail->sent);
    return &mail->sent[mail->count];
}

/* The addresses, with commas between them. */
static void join_addresses(const struct run *run, char *out, size_t size)
{
    uint32_t list = run_node(run, "to");
    uint32_t end = json_next(run->params, list);
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = list + 1; i < end && at < size; i = json_next(run->params, i)) {
        size_t len;
        const char *text = json_text(run->params, i, &len);
        int wrote = snprintf(out + at, size - at, "%s%.*s", at ? ", " : "",
                             (int)(len < 200 ? len : 200), text);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
}

/* Keeps a letter with its files, at the end of the list. */
static void send_email(const struct run *run, struct response *response)
{
    struct mail *mail = mail_of(run, response);
    struct sent *sent = mail ? add_sent(mail) : NULL;
    if (!mail) {
        return;
    }
    size_t stored = mail->stored;
    if (!sent || !copy_attachments(run, mail, sent)) {
        if (sent) {
            sent_free(sent);
        }
        mail->stored = stored;
        response_error(response, 413, "too_large", "The mailbox can't take this e-mail.");
        return;
    }
    join_addresses(run, sent->to, sizeof sent->to);
    run_copy(run, "subject", sent->subject, sizeof sent->subject);
    mail->count++;
    emit_sent(&response->data, sent, INVENTED + (int64_t)mail->count);
}

static const struct param list_params[] = {
    MAY_PRESET("page", "'type':'integer','minimum':1", "1", "Which page, from 1."),
    MAY_PRESET("limit", "'type':'integer','minimum':1,'maximum':100", "20",
               "E-mails a page, up to 100."),
    RESPONSE_FIELDS, RESPONSE_FILTERS, NO_MORE};

static const struct param send_params[] = {
    NEED("to", "'items':{'type':'string'},'minItems':1,'type':'array'", "Addresses."),
    NEED("subject", "'type':'string'", "The e-mail in one line."),
    MAY("body", "'type':'string'", "The e-mail."),
    MAY("attachments", "'items':{'format':'binary','type':'string'},'type':'array'",
        "Files that go with it."),
    NO_MORE};

static const struct param attachment_params[] = {
    NEED("attachment_id", "'type':'string'", "As the list of e-mails has it."), NO_MORE};

static const struct action_def actions[] = {
    {"list_emails", "List e-mails, newest first.", list_params, NULL,
     "'type':'array','items':{'type':'object','properties':{'id':{'type':'string'},'from':{'type':'"
     "string'},"
     "'subject':{'type':'string'}}}",
     list_emails, 0},
    {"send_email", "Send an e-mail.", send_params, NULL, NULL, send_email, ACTION_KEEPS_FILES},
    {"get_attachment", "Get a file that came with an e-mail.", attachment_params, NULL, NULL,
     get_attachment, 0},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0}};

const struct connector_def connector_mail = {"google_mail", "Google Mail", actions};
