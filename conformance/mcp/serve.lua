--- Runs a command while nginx serves the sandbox's connectors over MCP: `serve.lua COMMAND`, with the endpoint's URL in
-- $MCP_URL and the caller's token in $MCP_TOKEN. Its exit code is the command's.
local nginx = require("spec.support.nginx")
local server = require("spec.support.server")

local sandbox = server.start(os.getenv("MCP_SANDBOX_OPTIONS"))
local web = nginx.start({
  env = { BOSA_API_BASE_URL = sandbox.url, BOSA_API_KEY = sandbox.key, MCP_TOKEN = sandbox.token },
  http = [[
    lua_shared_dict bosa 10m;
    init_by_lua_block {
      mcp = require("bosa.mcp.http").new({
        hub = require("bosa").new({ cache = ngx.shared.bosa }), token = os.getenv("MCP_TOKEN"),
        connectors = { "github", "google_drive", "google_mail", "lab" },
        allowed_origins = { "http://localhost:*", "http://127.0.0.1:*" },
      })
    }
  ]],
  server = "location = /mcp { content_by_lua_block { mcp:handle() } }",
})
local ok, _, code = os.execute(("export MCP_URL=%s/mcp MCP_TOKEN=%s; %s"):format(web.url, sandbox.token, arg[1]))
if type(ok) == "number" then ok, code = ok == 0, math.floor(ok / 256) end
if os.getenv("MCP_LOG") then io.stderr:write(web.log()) end
web.stop()
sandbox.stop()
os.exit(ok and 0 or code)
