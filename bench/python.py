"""python.py ROW N: one measurement of gl-connectors-sdk, or of Python's json. Prints "value cpu_us_per_unit"."""

import json
import logging
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")
logging.disable()

ROW, N = sys.argv[1], int(sys.argv[2])
URL, KEY, TOKEN = (os.environ.get(name) for name in ("BOSA_API_BASE_URL", "BOSA_API_KEY", "BOSA_TOKEN"))


def rate(call):
    call()
    begun, cpu = time.monotonic(), time.process_time()
    for _ in range(N):
        call()
    print(f"{N / (time.monotonic() - begun):.4f} {(time.process_time() - cpu) * 1e6 / N:.2f}")


def sdk():
    from gl_connectors_sdk import GLConnectors

    return GLConnectors(api_base_url=URL, api_key=KEY)


def run(hub, action, params):
    return hub.run("lab", action, input_=params, token=TOKEN)


def pages():
    first = run(sdk(), "list_pages", {"total": N * 10, "limit": 10, "page": 1, "delay_ms": 50})
    begun = time.monotonic()
    assert len(first.get_all_items()) == N
    print(f"{time.monotonic() - begun:.4f} 0")


def listed(size):
    hub = sdk()
    rate(lambda: len(run(hub, "list_bytes", {"bytes": size}).get_data()))


def discovery():
    from gl_connectors_sdk import GLConnectorModule

    url = os.environ["BENCH_SCHEMAS_URL"]
    GLConnectorModule("github", api_base_url=url)
    begun = time.monotonic()
    for _ in range(N):
        GLConnectorModule("github", api_base_url=url)
    print(f"{(time.monotonic() - begun) * 1e3 / N:.4f} 0")


def validate():
    from gl_connectors_sdk import GLConnectorModule

    module = GLConnectorModule("github", api_base_url=os.environ["BENCH_SCHEMAS_URL"])
    params = {
        "owner": "lua", "repo": "lua", "base": "main", "head": "x", "direction": "ASC", "order_by": "CREATED_AT",
        "per_page": 30, "states": ["OPEN"], "labels": ["bug"], "response_fields": ["id", "user.login"],
    }
    assert module.validate_request("list_pull_requests", params)[0]
    rate(lambda: module.validate_request("list_pull_requests", params))


def codec(what, size):
    text = open(os.environ["BENCH_JSON_ITEM"], encoding="utf-8").read()
    text = "[" + ",".join([text] * (size // len(text) + 1)) + "]"
    value = json.loads(text)
    call = (lambda: json.loads(text)) if what == "decode" else (lambda: json.dumps(value, separators=(",", ":")))
    call()
    begun = time.monotonic()
    for _ in range(N):
        call()
    print(f"{len(text) * N / (time.monotonic() - begun) / 1e6:.4f} 0")


def small():
    hub = sdk()
    rate(lambda: run(hub, "small", {}).get_data())


if ROW == "start":
    run(sdk(), "small", {}).get_data()
elif ROW.startswith("list-"):
    listed(int(ROW[5:-1]) * 1000)
elif ROW.startswith("json-"):
    codec(ROW.split("-")[1], int(ROW.split("-")[2][:-1]) * 1000)
else:
    {"small": small, "pages": pages, "discovery": discovery, "validate": validate}[ROW]()
