"""mcp_server.py BACKEND PORT: the Python SDK's own server, stateless streamable HTTP, whose one tool makes the
same call to the same backend as nginx does in bench/mcp.lua."""

import logging
import os
import sys

import httpx2
import uvicorn
from mcp.server import MCPServer

logging.disable()
BACKEND, PORT = sys.argv[1], int(sys.argv[2])
HEADERS = {
    "X-API-Key": os.environ["BOSA_API_KEY"], "Authorization": f"Bearer {os.environ['BOSA_TOKEN']}",
    "X-Bosa-Integration": "me",
}

server = MCPServer("bench", log_level="CRITICAL")
client = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=64))


@server.tool(structured_output=False)
async def lab__small() -> str:
    """Returns a small object."""
    response = await client.post(f"{BACKEND}/connectors/lab/small", json={}, headers=HEADERS)
    response.raise_for_status()
    return response.text


app = server.streamable_http_app(stateless_http=True, json_response=True)
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="critical", access_log=False)
