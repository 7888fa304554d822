/*
 * accounts: the API key, users, their tokens, and their integrations with connectors.
 */
#ifndef SANDBOX_ACCOUNTS_H
#define SANDBOX_ACCOUNTS_H

#include "invent.h"

#include <stdbool.h>

#define ACCOUNTS_MAX_USERS 100000

/* The tokens of a user whose identifier begins so have expired when they are made. */
#define ACCOUNTS_EXPIRED "expired"

/* One of a user's accounts at the third party behind a connector. */
struct integration {
    char id[37];
    char *connector;  /* owned */
    char *identifier; /* owned: who the user is there */
    bool selected;    /* the one that acts when none is named; one of a connector's is */
    bool expired;     /* what the third party gave for it is void; renewing it helps */
};

struct user {
    char id[37];
    char *identifier; /* owned */
    char secret[41];
    struct integration *list; /* owned */
    size_t count, cap;
};

struct token {
    char *text;  /* owned; looks like a JWT */
    size_t user; /* index */
    bool expired;
};

struct accounts {
    char *key; /* owned */
    char client_id[37];
    struct user *users; /* owned; the first is made beforehand */
    size_t user_count, user_cap;
    struct token *tokens; /* owned; the first is valid for that user, the second was once */
    size_t token_count, token_cap;
    struct dice dice;
};

/* Makes the key (a copy of `key`, or one from the seed) and the first user. False: no memory; free
 * it then, too. */
bool accounts_init(struct accounts *accounts, uint64_t seed, const char *key);

/* The user with that identifier, or with that token; NULL: none. What is returned is valid until a
 * user is added. */
struct user *accounts_find(struct accounts *accounts, const char *identifier, size_t len);
struct user *accounts_bearer(struct accounts *accounts, const char *token, bool *expired);

/* A new user, without integrations. NULL: no memory, or too many. */
struct user *accounts_add(struct accounts *accounts, const char *identifier, size_t len);

/* A new token for a user. NULL: no memory. */
const struct token *accounts_issue(struct accounts *accounts, const struct user *user,
                                   bool expired);

/* The user's integration; NULL: none. Without an identifier: the selected one. */
struct integration *user_integration(struct user *user, const char *connector,
                                     const char *identifier);

/* What became of an integration that was asked for. */
enum integrated {
    INTEGRATED,           /* there is a new one, or one was renewed; it is selected */
    INTEGRATED_DUPLICATE, /* there is one already, and nothing was changed */
    INTEGRATED_NO_MEMORY
};

/* Adds and selects an integration; with `replace` it renews one that is there. */
enum integrated user_integrate(struct accounts *accounts, struct user *user, const char *connector,
                               const char *identifier, bool replace);

/* Voids what the third party gave for a connector's integrations, of every user. */
void accounts_expire(struct accounts *accounts, const char *connector, size_t len);

/* Makes an integration of the user the one that acts. */
void user_select(struct user *user, struct integration *chosen);

/* Removes one; where it was selected, another of the connector's takes its place. */
void user_disintegrate(struct user *user, struct integration *gone);

void accounts_free(struct accounts *accounts);

#endif
