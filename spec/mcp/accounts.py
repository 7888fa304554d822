"""Calls lab__small at a Model Context Protocol server where the user has no account, by the second generation of
the official SDK, and connects one by the URL that the server asks for. Prints what it saw as JSON.

    accounts.py MODE URL
"""

import json
import sys
import urllib.error
import urllib.request

import anyio
from mcp import Client, MCPError, types

asked = []


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def browse(url):
    """Opens the link as the user's browser would, but doesn't go where it leads then."""
    try:
        urllib.request.build_opener(NoRedirect).open(url)
    except urllib.error.HTTPError as answer:
        assert answer.code == 302, answer.code


async def elicit(_, params):
    asked.append([params.mode, params.url])
    browse(params.url)
    return types.ElicitResult(action="accept")


async def main(mode, url):
    async with Client(url, mode=mode, elicitation_callback=elicit) as client:
        try:
            result = await client.call_tool("lab__small", {})
        except MCPError as error:
            for one in error.error.data["elicitations"]:
                await elicit(None, types.ElicitRequestURLParams.model_validate(one))
            result = await client.call_tool("lab__small", {})
        print(json.dumps({"asked": asked, "is_error": result.is_error, "text": result.content[0].text}))


anyio.run(main, *sys.argv[1:])
