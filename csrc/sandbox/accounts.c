/*
 * The users of the sandbox live in flat lists: a test makes a handful, and a token is found by
 * looking at each.
 */
#include "accounts.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Makes room for one more in a list of items; false: no memory. */
static bool reserve(void **list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return true;
    }
    size_t more = *cap ? *cap * 2 : 8;
    void *grown = mem_realloc(*list, more * size);
    if (!grown) {
        return false;
    }
    *list = grown;
    *cap = more;
    return true;
}

struct user *accounts_find(struct accounts *accounts, const char *identifier, size_t len)
{
    for (size_t i = 0; i < accounts->user_count; i++) {
        const char *own = accounts->users[i].identifier;
        if (strlen(own) == len && memcmp(own, identifier, len) == 0) {
            return &accounts->users[i];
        }
    }
    return NULL;
}

struct user *accounts_bearer(struct accounts *accounts, const char *token, bool *expired)
{
    *expired = false;
    for (size_t i = 0; i < accounts->token_count; i++) {
        if (strcmp(accounts->tokens[i].text, token) == 0) {
            *expired = accounts->tokens[i].expired;
            return &accounts->users[accounts->tokens[i].user];
        }
    }
    return NULL;
}

struct user *accounts_add(struct accounts *accounts, const char *identifier, size_t len)
{
    void *list = accounts->users;
    if (accounts->user_count == ACCOUNTS_MAX_USERS ||
        !reserve(&list, accounts->user_count, &accounts->user_cap, sizeof *accounts->users)) {
        return NULL;
    }
    accounts->users = list;
    struct user user = {.identifier = mem_dup(identifier, len)};
    if (!user.identifier) {
        return NULL;
    }
    invent_uuid(&accounts->dice, user.id);
    memcpy(user.secret, "sk-user-", 8);
    invent_hex(&accounts->dice, user.secret + 8, 32);
    accounts->users[accounts->user_count] = user;
    return &accounts->users[accounts->user_count++];
}

/* Appends bytes in base64url without padding. */
static void add_base64url(struct buf *out, const char *bytes, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < len; i += 3) {
        size_t group = len - i < 3 ? len - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < group ? (unsigned char)bytes[i + k] : 0);
        }
        for (size_t k = 0; k <= group; k++) {
            buf_addc(out, alphabet[bits >> (18 - 6 * k) & 63]);
        }
    }
}

/* Something with the looks of a signed JWT; the signature is random. */
static char *write_token(struct accounts *accounts, const struct user *user, bool expired)
{
    static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    long long until = INVENT_NOW + (expired ? -365 : 3650) * INVENT_DAY;
    char claims[128], signature[44];
    struct buf text;
    size_t len;
    buf_init(&text);
    snprintf(claims, sizeof claims, "{\"sub\":\"%s\",\"exp\":%lld}", user->id, until);
    invent_opaque(&accounts->dice, signature, 43);
    add_base64url(&text, header, sizeof header - 1);
    buf_addc(&text, '.');
    add_base64url(&text, claims, strlen(claims));
    buf_addc(&text, '.');
    buf_adds(&text, signature);
    return buf_take(&text, &len);
}

const struct token *accounts_issue(struct accounts *accounts, const struct user *user, bool expired)
{
    void *list = accounts->tokens;
    if (!reserve(&list, accounts->token_count, &accounts->token_cap, sizeof *accounts->tokens)) {
        return NULL;
    }
    accounts->tokens = list;
    expired = expired || strncmp(user->identifier, ACCOUNTS_EXPIRED, strlen(ACCOUNTS_EXPIRED)) == 0;
    char *text = write_token(accounts, user, expired);
    if (!text) {
        return NULL;
    }
    struct token *token = &accounts->tokens[accounts->token_count++];
    *token = (struct token){text, (size_t)(user - accounts->users), expired};
    return token;
}

bool accounts_init(struct accounts *accounts, uint64_t seed, const char *key)
{
    static const char *const connectors[] = {"github", "google_drive", "google_mail", "lab"};
    static const char identifier[] = "ada@example.com";
    char made[45] = "sk-client-";
    memset(accounts, 0, sizeof *accounts);
    accounts->dice.state = seed;
    invent_hex(&accounts->dice, made + 10, 32);
    invent_uuid(&accounts->dice, accounts->client_id);
    accounts->key = mem_dup(key ? key : made, strlen(key ? key : made));
    struct user *user = accounts_add(accounts, identifier, sizeof identifier - 1);
    if (!accounts->key || !user || !accounts_issue(accounts, user, false) ||
        !accounts_issue(accounts, user, true)) {
        return false;
    }
    for (size_t i = 0; i < sizeof connectors / sizeof connectors[0]; i++) {
        if (user_integrate(accounts, user, connectors[i], identifier, false) != INTEGRATED) {
            return false;
        }
    }
    return true;
}

struct integration *user_integration(struct user *user, const char *connector,
                                     const char *identifier)
{
    for (size_t i = 0; i < user->count; i++) {
        struct integration *own = &user->list[i];
        if (strcmp(own->connector, connector) == 0 &&
            (identifier ? strcmp(own->identifier, identifier) == 0 : own->selected)) {
            return own;
        }
    }
    return NULL;
}

void user_select(struct user *user, struct integration *chosen)
{
    for (size_t i = 0; i < user->count; i++) {
        if (strcmp(user->list[i].connector, chosen->connector) == 0) {
            user->list[i].selected = false;
        }
    }
    chosen->selected = true;
}

enum integrated user_integrate(struct accounts *accounts, struct user *user, const char *connector,
                               const char *identifier, bool replace)
{
    struct integration *own = user_integration(user, connector, identifier);
    void *list = user->list;
    if (own && !replace) {
        return INTEGRATED_DUPLICATE;
    }
    if (own) {
        own->expired = false;
        user_select(user, own);
        return INTEGRATED;
    }
    if (!reserve(&list, user->count, &user->cap, sizeof *user->list)) {
        return INTEGRATED_NO_MEMORY;
    }
    user->list = list;
    own = &user->list[user->count];
    *own = (struct integration){.connector = mem_dup(connector, strlen(connector)),
                                .identifier = mem_dup(identifier, strlen(identifier))};
    if (!own->connector || !own->identifier) {
        mem_free(own->connector);
        mem_free(own->identifier);
        return INTEGRATED_NO_MEMORY;
    }
    invent_uuid(&accounts->dice, own->id);
    user->count++;
    user_select(user, own);
    return INTEGRATED;
}

void accounts_expire(struct accounts *accounts, const char *connector, size_t len)
{
    for (size_t i = 0; i < accounts->user_count; i++) {
        struct user *user = &accounts->users[i];
        for (size_t k = 0; k < user->count; k++) {
            const char *own = user->list[k].connector;
            if (strlen(own) == len && memcmp(own, connector, len) == 0) {
                user->list[k].expired = true;
            }
        }
    }
}

void user_disintegrate(struct user *user, struct integration *gone)
{
    struct integration removed = *gone;
    size_t at = (size_t)(gone - user->list);
    memmove(gone, gone + 1, (user->count - at - 1) * sizeof *gone);
    user->count--;
    for (size_t i = 0; removed.selected && i < user->count; i++) {
        if (strcmp(user->list[i].connector, removed.connector) == 0) {
            user->list[i].selected = true;
            break;
        }
    }
    mem_free(removed.connector);
    mem_free(removed.identifier);
}

/* Frees what a user owns, but not the user. */
static void user_free(struct user *user)
{
    for (size_t i = 0; i < user->count; i++) {
        mem_free(user->list[i].connector);
        mem_free(user->list[i].identifier);
    }
    mem_free(user->list);
    mem_free(user->identifier);
}

void accounts_free(struct accounts *accounts)
{
    for (size_t i = 0; i < accounts->user_count; i++) {
        user_free(&accounts->users[i]);
    }
    for (size_t i = 0; i < accounts->token_count; i++) {
        mem_free(accounts->tokens[i].text);
    }
    mem_free(accounts->users);
    mem_free(accounts->tokens);
    mem_free(accounts->key);
    memset(accounts, 0, sizeof *accounts);
}
