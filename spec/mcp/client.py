"""Talks to a Model Context Protocol server by the official SDK, and reports what it saw as JSON.

    client.py URL | COMMAND [ARGUMENT...]

Lists the tools page by page, checks their schemas, calls every one with made-up arguments, many at once,
hears of progress, and cancels.
"""

import json
import sys

import anyio
import jsonschema
from mcp import ClientSession, McpError, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from samples import KNOWN, arguments_for


async def list_all(session):
    tools, pages, cursor = [], 0, None
    while True:
        page = await session.list_tools(cursor)
        tools, pages, cursor = tools + page.tools, pages + 1, page.nextCursor
        if not cursor:
            return tools, pages


async def data_of(session, name):
    result = await session.call_tool(name, {})
    return json.loads(result.content[0].text)["data"]


async def learn_ids(session):
    """Makes known what the server has: a file, and a letter with something attached."""
    files = await data_of(session, "google_drive__search_files")
    letters = await data_of(session, "google_mail__list_emails")
    letter = next(letter for letter in letters if letter["attachments"])
    KNOWN["id"] = files[0]["id"]
    KNOWN["attachment_id"] = letter["attachments"][0]["id"]


async def call_every(session, tools):
    calls = {}
    await learn_ids(session)
    for tool in sorted(tools, key=lambda tool: "delete" in tool.name):
        jsonschema.Draft202012Validator.check_schema(tool.inputSchema)
        arguments = arguments_for(tool.inputSchema)
        jsonschema.validate(arguments, tool.inputSchema)
        result = await session.call_tool(tool.name, arguments)
        calls[tool.name] = {"is_error": result.isError, "text": result.content[0].text}
    return calls


async def call_at_once(session, count):
    texts = [None] * count

    async def one(i):
        result = await session.call_tool("lab__slow", {"delay_ms": 300, "key": f"at once {i}"})
        texts[i] = result.content[0].text

    async with anyio.create_task_group() as group:
        for i in range(count):
            group.start_soon(one, i)
    return texts


async def hear_progress(session):
    told = []

    async def tell(progress, total, message):
        told.append([progress, total, message])

    await session.call_tool("lab__download", {"bytes": 20_000_000}, progress_callback=tell)
    return told


async def cancel_one(session):
    """Begins a slow call, cancels it, and asks for something else: only that is answered."""
    answered = []

    async def begin():
        await session.call_tool("lab__slow", {"delay_ms": 600_000, "key": "cancelled"})
        answered.append("slow")

    async with anyio.create_task_group() as group:
        request_id = session._request_id
        group.start_soon(begin)
        while session._request_id == request_id:
            await anyio.lowlevel.checkpoint()
        notice = types.CancelledNotification(
            method="notifications/cancelled",
            params=types.CancelledNotificationParams(requestId=request_id, reason="tried"),
        )
        await session.send_notification(types.ClientNotification(notice))
        await session.call_tool("lab__small", {})
        answered.append("small")
        group.cancel_scope.cancel()
    return answered


async def refused(session, name, arguments):
    try:
        await session.call_tool(name, arguments)
    except McpError as error:
        return {"code": error.error.code, "message": error.error.message}
    return None


async def main(command):
    if command[0].startswith("http"):
        transport = streamablehttp_client(command[0])
    else:
        transport = stdio_client(StdioServerParameters(command=command[0], args=command[1:], env=None))
    async with transport as (read, write, *_), ClientSession(read, write) as session:
        hello = await session.initialize()
        await session.send_ping()
        tools, pages = await list_all(session)
        report = {
            "version": hello.protocolVersion,
            "server": hello.serverInfo.name,
            "pages": pages,
            "tools": {tool.name: tool.model_dump(exclude_none=True) for tool in tools},
            "calls": await call_every(session, tools),
            "at_once": await call_at_once(session, 10),
            "progress": await hear_progress(session),
            "after_cancelling": await cancel_one(session),
            "unknown": await refused(session, "gitlab__list_issues", {}),
            "faulty": (await session.call_tool("lab__slow", {"delay_ms": "soon"})).content[0].text,
        }
    print(json.dumps(report))


anyio.run(main, sys.argv[1:])
