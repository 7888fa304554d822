"""Talks to a Model Context Protocol server by the second generation of the official SDK, in each way that it
knows, and reports what it saw as JSON.

    client2.py URL | COMMAND [ARGUMENT...]

Lists the tools, checks their schemas, calls every one with made-up arguments (results are checked by the SDK,
too), hears of progress, and cancels.
"""

import json
import sys

import anyio
import jsonschema
from mcp import Client, MCPError, StdioServerParameters
from samples import KNOWN, arguments_for


def text_of(result):
    return result.content[0].text


async def learn_ids(client):
    """Makes known what the server has: a file, and a letter with something attached."""
    files = json.loads(text_of(await client.call_tool("google_drive__search_files", {})))["data"]
    letters = json.loads(text_of(await client.call_tool("google_mail__list_emails", {})))["data"]
    letter = next(letter for letter in letters if letter["attachments"])
    KNOWN["id"] = files[0]["id"]
    KNOWN["attachment_id"] = letter["attachments"][0]["id"]


async def call_every(client, tools):
    failed = []
    await learn_ids(client)
    for tool in sorted(tools, key=lambda tool: "delete" in tool.name):
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        arguments = arguments_for(tool.input_schema)
        jsonschema.validate(arguments, tool.input_schema)
        result = await client.call_tool(tool.name, arguments)
        if tool.output_schema:
            jsonschema.validate(result.structured_content, tool.output_schema)
        if result.is_error:
            failed.append(f"{tool.name}: {text_of(result)}")
    return failed


async def hear_progress(client):
    told = []

    async def tell(progress, total, message):
        told.append(progress)

    await client.call_tool("lab__list_bytes", {"bytes": 2_000_000}, progress_callback=tell)
    return told


async def cancel_one(client):
    """Begins a slow call, gives it up, and asks for something else."""
    with anyio.move_on_after(0.3) as scope:
        await client.call_tool("lab__slow", {"delay_ms": 600_000, "key": "given up"})
    result = await client.call_tool("lab__small", {})
    return scope.cancelled_caught and not result.is_error


async def refused(client):
    try:
        await client.call_tool("gitlab__list_issues", {})
    except MCPError as error:
        return error.error.code
    return None


async def look(server, mode):
    async with Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        return {
            "version": client.protocol_version,
            "server": client.server_info.name if client.server_info else None,
            "tools": sorted(tool.name for tool in tools),
            "failed": await call_every(client, tools),
            "progress": await hear_progress(client),
            "cancelled": await cancel_one(client),
            "unknown": await refused(client),
        }


async def main(words):
    report = {}
    for mode in ("auto", "legacy", "2026-07-28"):
        url = words[0].startswith("http")
        server = words[0] if url else StdioServerParameters(command=words[0], args=words[1:])
        report[mode] = await look(server, mode)
    print(json.dumps(report))


anyio.run(main, sys.argv[1:])
