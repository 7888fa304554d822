/*
 * schema_compiler: what the files that compile schemas share. Private to this folder.
 */
#ifndef BOSA_SCHEMA_COMPILER_H
#define BOSA_SCHEMA_COMPILER_H

#include "schema/schema_internal.h"

/* What a compilation needs besides the schema it makes. */
struct compiler {
    struct schema *s;
    uint32_t root;          /* node of the schema's root */
    uint32_t *rules;        /* owned: by node - root, rule + 1; 0: none yet */
    struct ref_index index; /* for the references into large objects */
    struct bosa_error *err;
};

/*
 * The rule of the schema at `node`, which is made now and read in its turn. The rules may move:
 * pointers into them are not kept across this.
 */
enum bosa_status compile_node(struct compiler *c, uint32_t node, uint32_t *out);

/* The same where there is a schema; anything else leaves *out as it is. */
enum bosa_status compile_one(struct compiler *c, uint32_t node, uint32_t *out);

/* ---- schema_discriminator.c ---- */

/* The property and the mapping. The constants of the branches are known when every rule has been
 * read. */
enum bosa_status compile_discriminator(struct compiler *c, uint32_t v, struct rule *r);

/* The tags of a union by its branches' constants, once every rule has been read. */
enum bosa_status compile_tags(struct compiler *c, struct rule *r);

#endif
