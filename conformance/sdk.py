"""Makes the calls of calls.json with the SDK installed in this interpreter's environment.

Speaks with the program that started it over its standard streams: writes `step NAME`, waits for a
line, makes the call, and writes `ok RESULT` or `failed MESSAGE`, RESULT being JSON.
"""

import json
import logging
import os
import pathlib
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
logging.disable()

try:
    from gl_connectors_sdk import GLConnectors as Hub
    from gl_connectors_sdk.models.file import ConnectorFile

    CURRENT = True
except ImportError:
    from bosa_connectors.connector import BosaConnector as Hub
    from bosa_connectors.models.file import ConnectorFile

    CURRENT = False

URL = os.environ["BOSA_API_BASE_URL"]
KEY = os.environ["BOSA_API_KEY"]
TOKEN = os.environ["CONFORMANCE_TOKEN"]


def with_files(value):
    """The parameters with the SDK's file objects in place of `$file`."""
    if isinstance(value, list):
        return [with_files(item) for item in value]
    if isinstance(value, dict):
        if "$file" in value:
            rest = {key: item for key, item in value.items() if key != "$file"}
            return ConnectorFile(file=value["$file"].encode(), **rest)
        return {key: with_files(item) for key, item in value.items()}
    return value


def plain(data):
    """What a call gave, as JSON can hold it."""
    if isinstance(data, ConnectorFile):
        return {"filename": data.filename, "size": len(data.file), "sum": sum(data.file)}
    return data


def chain(hub, call):
    """The fluent builder, not yet run."""
    action = hub.connect(call["connector"]).action(call["action"]).params(with_files(call["params"]))
    if call.get("token"):
        action = action.token(TOKEN)
    for setter in ("headers", "identifier", "account", "max_attempts"):
        if setter in call:
            action = getattr(action, setter)(call[setter])
    return action


def pages(hub, call):
    """Every page forward, then one back."""
    response = chain(hub, call).run()
    seen = [response.get_data()]
    while response.has_next() and len(seen) < 5:
        response = response.next_page()
        seen.append(response.get_data())
    seen.append(response.prev_page().get_data())
    return seen


def meta(hub, call):
    response = chain(hub, call).run()
    return {"meta": response.get_meta(), "status": response.get_status(), "is_list": response.is_list(),
            "has_next": response.has_next(), "has_prev": response.has_prev()}


def parameters(hub, call):
    found = hub.get_connector(call["connector"]).get_action_parameters(call["action"])
    return {one["name"]: one["required"] for one in found}


def refresh(hub, call):
    hub.refresh_connector(call["connector"])
    hub.get_connector(call["connector"])


def user(answer):
    return {"identifier": answer.identifier, "is_active": answer.is_active}


def remove(hub, call):
    last = [call["user"]] if CURRENT else []
    return hub.remove_integration(call["connector"], TOKEN, *last).success


def create(hub, call):
    return user(hub.create_bosa_user(call["identifier"]))


def authenticate(hub, _):
    token = hub.authenticate_bosa_user(os.environ["CONFORMANCE_USER"], os.environ["CONFORMANCE_SECRET"])
    return token.token_type


def listing(answer):
    """A page of a list: the names of its items, and its meta."""
    return {"names": [one.name for one in answer.items], "meta": answer.meta.model_dump() if answer.meta else {}}


def search(hub, call):
    found = hub.semantic_search(call["words"], TOKEN, kinds=",".join(call["kinds"]), count=call["count"])
    return {"query": found.query, "tools": [one.name for one in found.tools],
            "mcp": [one.name for one in found.mcp], "skills": [one.name for one in found.skills]}


def mcp_config(hub, call):
    item = hub.list_mcps(limit=1, offset=0).items[0]
    config = hub.get_mcp_config(item, None if call.get("bare") else "a-token")
    return {"path": config.url.rsplit("/", 1)[-1], "headers": config.headers}


def find_skill(hub, call):
    """The detail of a tenant's skill, by its kind or its id."""
    if "id" in call:
        return hub.get_tenant_skill(TOKEN, call["id"])
    listed = hub.list_tenant_skills(TOKEN, limit=50, offset=0).items
    return hub.get_tenant_skill(TOKEN, next(one.id for one in listed if one.source_type == call["skill"]))


def tenant_skill(hub, call):
    skill = find_skill(hub, call)
    return {"name": skill.name, "frontmatter": skill.frontmatter, "content_sha256": skill.content_sha256}


def download(hub, call):
    """The files that a download makes, and the bytes in them."""
    with tempfile.TemporaryDirectory() as place:
        hub.download_tenant_skill(find_skill(hub, call), [place], create_parent=not call.get("flat", False))
        top = pathlib.Path(place)
        return {str(path.relative_to(top)): path.read_text() for path in sorted(top.rglob("*")) if path.is_file()}


OPS = {
    "list": lambda hub, call: listing(getattr(hub, call["method"])(**call["query"])),
    "search": search,
    "mcp_config": mcp_config,
    "tenant_skills": lambda hub, call: listing(hub.list_tenant_skills(TOKEN, call["limit"], call["offset"])),
    "tenant_skill": tenant_skill,
    "download": download,
    "connectors": lambda hub, call: sorted(hub.get_available_modules()),
    "connector": lambda hub, call: hub.get_connector(call["connector"]) and None,
    "actions": lambda hub, call: sorted(a[0] for a in hub.get_connector(call["connector"]).get_actions()),
    "parameters": parameters,
    "meta": meta,
    "refresh": refresh,
    "execute": lambda hub, call: hub.execute(
        call["connector"], call["action"], input_=call["params"], token=TOKEN)[0],
    "run": lambda hub, call: hub.run(
        call["connector"], call["action"], input_=call["params"], token=TOKEN).get_data(),
    "chain": lambda hub, call: plain(chain(hub, call).run().get_data()),
    "next": lambda hub, call: chain(hub, call).run().next_page().get_data(),
    "pages": pages,
    "all": lambda hub, call: [page["data"] for page in chain(hub, call).run().get_all_items()],
    "create_user": create,
    "authenticate": authenticate,
    "user_info": lambda hub, call: user(hub.get_user_info(TOKEN)),
    "has_integration": lambda hub, call: hub.user_has_integration(call["connector"], TOKEN),
    "initiate": lambda hub, call: hub.initiate_connector_auth(
        call["connector"], TOKEN, call["callback"]).startswith("http"),
    "configure": lambda hub, call: hub.initiate_plugin_configuration(
        call["connector"], TOKEN, call["config"]) and None,
    "get_integration": lambda hub, call: hub.get_integration(
        call["connector"], TOKEN, call["user"]).get("user_identifier"),
    "select_integration": lambda hub, call: hub.select_integration(
        call["connector"], TOKEN, call["user"]).success,
    "remove_integration": remove,
}


def main():
    hub = Hub(api_base_url=URL, api_key=KEY)
    with open(sys.argv[1], encoding="utf-8") as file:
        calls = json.load(file)
    for call in calls:
        if call.get("only", sys.argv[2]) != sys.argv[2]:
            continue
        one = hub
        if "contract" in call:
            one = Hub(api_base_url=URL, api_key=KEY, error_contract=call["contract"])
            one.get_connector(call["connector"])
        print("step", call["name"], flush=True)
        sys.stdin.readline()
        try:
            print("ok", json.dumps(OPS[call["op"]](one, call)), flush=True)
        except Exception as error:  # whatever an SDK raises is what this reports
            print("failed", type(error).__name__, repr(str(error)), flush=True)


main()
