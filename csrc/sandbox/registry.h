/*
 * registry: the connectors of this server, their actions, and what discovery says about them.
 *
 * Actions are tables of static data. From them the registry writes the discovery response once,
 * reads it back with the core's own parser, and compiles each action's schema from it, so that the
 * server can't tell a client one thing and check another.
 */
#ifndef SANDBOX_REGISTRY_H
#define SANDBOX_REGISTRY_H

#include "response.h"

#include "schema/schema.h"
#include "json/json.h"

struct run;

/* Carries an action out. The parameters have been checked against its schema. */
typedef void action_handler(const struct run *run, struct response *response);

enum need {
    NEEDED,   /* required */
    OPTIONAL, /* may be left out or null */
    DEFAULTED /* may be left out, not null */
};

/*
 * A parameter. `schema` is the inside of a JSON object, with ' in place of "; the title is made
 * from the name, `default` is `preset`.
 */
struct param {
    const char *name; /* NULL ends a list */
    enum need need;
    const char *schema;
    const char *preset; /* JSON with ' in place of "; not of a NEEDED one */
    const char *about;
};

#define NEED(name, schema, about)                                                                  \
    {                                                                                              \
        name, NEEDED, schema, "null", about                                                        \
    }
#define MAY(name, schema, about)                                                                   \
    {                                                                                              \
        name, OPTIONAL, schema, "null", about                                                      \
    }
#define MAY_PRESET(name, schema, preset, about)                                                    \
    {                                                                                              \
        name, OPTIONAL, schema, preset, about                                                      \
    }
#define PRESET(name, schema, preset, about)                                                        \
    {                                                                                              \
        name, DEFAULTED, schema, preset, about                                                     \
    }
#define NO_MORE                                                                                    \
    {                                                                                              \
        NULL, NEEDED, NULL, NULL, NULL                                                             \
    }
#define RESPONSE_FIELDS                                                                            \
    MAY("response_fields", "'type':'array','items':{'type':'string'}",                             \
        "Dotted names of the fields to keep, applied to each item of a list.")

#define FILTERS_NAME "response_filters"
#define RESPONSE_FILTERS                                                                           \
    MAY(FILTERS_NAME, "'type':'array','items':{'$ref':'#/$defs/ResponseFilter','type':'object'}",  \
        "Conditions that each item of a page must meet, all of them.")

enum action_flag {
    ACTION_NO_REQUEST = 1,  /* takes no parameters at all */
    ACTION_KEEPS_FILES = 2, /* the handler needs the content of the files it gets */
    ACTION_LATER = 4,       /* hidden until the schema changes */
    ACTION_CLOSED = 8       /* additionalProperties: false */
};

struct action_def {
    const char *name; /* NULL ends a list */
    const char *about;
    const struct param *params;
    const char *defs;     /* members of $defs, with ' in place of "; NULL: none */
    const char *response; /* JSON Schema of the response's data, as above; NULL: {"type": "any"} */
    action_handler *handler;
    unsigned flags;
};

struct connector_def {
    const char *name;
    const char *title;
    const struct action_def *actions;
};

/* An action as it is served. */
struct served {
    const struct action_def *def;
    struct schema *schema; /* owned; NULL without a request */
    uint32_t node;         /* of that schema, in the connector's document */
    bool form;             /* takes files, so takes forms only */
    uint64_t executions;
};

struct connector_served {
    const struct connector_def *def;
    struct served *actions; /* owned */
    size_t count;
    struct json_doc doc; /* the discovery response with every action */
    struct buf text;     /* the discovery response as it is given now */
    char etag[24];
};

struct registry {
    struct connector_served *list; /* owned */
    size_t count;
    bool changed; /* actions that come later are there */
};

/* Writes, reads and compiles everything. On failure `err` names the action whose schema makes no
 * sense. */
enum bosa_status registry_init(struct registry *registry, struct bosa_error *err);

/* Shows or hides the actions that come later. False: no memory, nothing has changed. */
bool registry_change(struct registry *registry, bool changed);

struct connector_served *registry_find(struct registry *registry, const char *name, size_t len);

/* An action that is shown now; NULL when there is none. */
struct served *registry_action(struct registry *registry, const char *connector,
                               size_t connector_len, const char *action, size_t action_len);

void registry_free(struct registry *registry);

extern const struct connector_def connector_github, connector_drive, connector_mail, connector_lab;

#endif
