"""Arguments for tools, made of their schemas alone."""

# What a schema alone does not say: values for which a tool has something to answer.
KNOWN = {
    "owner": "lua",
    "repo": "lua",
    "issue_number": 1,
    "file": "given.txt",
    "status": 200,
    "body": "{}",
}


def follow(schema, root):
    while "$ref" in schema:
        target = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            target = target[part]
        schema = target
    return schema


def sample(name, schema, root):
    """The simplest value that a schema allows."""
    schema = follow(schema, root)
    if name in KNOWN:
        return KNOWN[name]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return sample(name, schema[keyword][0], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "object":
        return arguments_for(schema, root)
    if kind == "array":
        return [sample(name, schema.get("items", {}), root)] * max(1, schema.get("minItems", 1))
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"boolean": True, "null": None}.get(kind, "a" * max(1, schema.get("minLength", 1)))


def arguments_for(schema, root=None):
    root = root or schema
    wanted = schema.get("required", []) + [name for name in KNOWN if name in schema.get("properties", {})]
    return {name: sample(name, schema["properties"][name], root) for name in wanted}
