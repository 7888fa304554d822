--- What programs with a language model read of `bosa mcp`, and nginx of the endpoint: for `bosa mcp --print-config`.
-- Paths are absolute, since such programs start in directories of their own. No key and no token is ever printed.

local bosa = require("bosa")
local uv = require("luv")

local mcp_config = {}

--- The programs that are known, in the order of their names.
mcp_config.programs = { "claude", "cursor", "nginx", "vscode", "zed" }

-- what a program started from a desktop doesn't have of the shell's environment
local ENVIRONMENT = { "BOSA_API_BASE_URL", "BOSA_PROFILE", "XDG_CONFIG_HOME", "LUA_PATH", "LUA_CPATH" }

---------------------------------------------------------------------------------------------------
-- this command

--- A path from the root on; links stay.
local function absolute(path)
  if path:sub(1, 1) == "/" then return path end
  return uv.cwd() .. "/" .. path:gsub("^%./", "")
end

local function is_program(path)
  local about = uv.fs_stat(path)
  return about ~= nil and about.type == "file" and uv.fs_access(path, "X") == true
end

--- Where this command is: as PATH has it, which may be a wrapper that knows where the library is; else this file.
local function own_path()
  local itself = arg and arg[0] or "bosa"
  if itself:find("/", 1, true) and is_program(itself) and itself:match("[^/]+$") == "bosa" then
    local beside = absolute(itself):match("^(.*)/bin/bosa$")
    if beside and uv.fs_stat(beside .. "/lua/bosa/init.lua") then return absolute(itself) end -- a checkout's own
  end
  for dir in (os.getenv("PATH") or ""):gmatch("[^:]+") do
    if is_program(dir .. "/bosa") then return absolute(dir .. "/bosa") end
  end
  return absolute(itself)
end

--- The words of a command that serves what these options say.
local function words_of(options)
  local words = bosa.array({ "mcp" })
  local function add(...)
    for _, word in ipairs({ ... }) do words[#words + 1] = word end
  end
  for _, connector in ipairs(options.connectors or {}) do add(connector) end
  if options.api_url then add("--api-url", options.api_url) end
  if options.profile then add("--profile", options.profile) end
  if options.ca_file then add("--ca-file", absolute(options.ca_file)) end
  if options.allow_http then add("--allow-http") end
  if options.search then add("--search") end
  if options.read_only then add("--read-only") end
  for _, action in ipairs(options.only or {}) do add("--only", action) end
  for _, action in ipairs(options.except or {}) do add("--except", action) end
  if options.files then add("--files", uv.fs_realpath(options.files) or absolute(options.files)) end
  for _, one in ipairs(options.account or {}) do
    add("--account", one.connector and one.connector .. "=" .. one.who or one.who)
  end
  if options.timeout then add("--timeout", ("%.14g"):format(options.timeout)) end
  return words
end

local function environment()
  local kept = {}
  for _, name in ipairs(ENVIRONMENT) do kept[name] = os.getenv(name) end
  local ca_file = os.getenv("BOSA_CA_FILE")
  kept.BOSA_CA_FILE = ca_file and ca_file ~= "" and absolute(ca_file) or nil
  return next(kept) and kept or nil
end

local function server(options) return { command = own_path(), args = words_of(options), env = environment() } end

---------------------------------------------------------------------------------------------------
-- programs

local function json(value) return assert(bosa.json.encode(value, { sorted = true, indent = 2 })) end

local function mcp_servers(options) return json({ mcpServers = { bosa = server(options) } }) end

local function vscode(options)
  local one = server(options)
  one.type = "stdio"
  return json({ servers = { bosa = one } })
end

local function zed(options)
  local one = server(options)
  one.source = "custom"
  return json({ context_servers = { bosa = one } })
end

local NGINX = [[
# in the main block of nginx.conf: the key comes from nginx's environment
env BOSA_API_KEY;
env BOSA_API_BASE_URL;

# in its http block
lua_package_path "%s";
lua_package_cpath "%s";
lua_shared_dict bosa 20m;
lua_check_client_abort on;
lua_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
lua_ssl_verify_depth 5;
resolver 127.0.0.53; # your name servers; OpenResty reads /etc/resolv.conf with: resolver local=on;
init_by_lua_block {
  mcp = require("bosa.mcp.http").new({
    hub = require("bosa").new({ cache = ngx.shared.bosa%s }),
%s    allowed_origins = {},
  })
}

# in a server block with TLS: callers send Authorization: Bearer TOKEN
location = /mcp {
  content_by_lua_block { mcp:handle() }
}
]]

local function list(words)
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = ("%q"):format(word) end
  return "{ " .. table.concat(quoted, ", ") .. " }"
end

--- The hub's options besides its cache.
local function nginx_hub(options)
  local parts = {}
  local function add(name, value) parts[#parts + 1] = (", %s = %s"):format(name, value) end
  if options.api_url then add("api_base_url", ("%q"):format(options.api_url)) end
  if options.ca_file then add("ca_file", ("%q"):format(absolute(options.ca_file))) end
  if options.allow_http then add("allow_http", "true") end
  return table.concat(parts)
end

--- The endpoint's options, a line each.
local function nginx_options(options)
  local lines = {}
  local function add(name, value) lines[#lines + 1] = ("    %s = %s,\n"):format(name, value) end
  for _, name in ipairs({ "connectors", "only", "except" }) do
    if options[name] and options[name][1] then add(name, list(options[name])) end
  end
  if options.search then add("search", "true") end
  if options.read_only then add("read_only", "true") end
  if options.files then add("files", ("%q"):format(uv.fs_realpath(options.files) or options.files)) end
  if options.timeout then add("timeout", ("%.14g"):format(options.timeout)) end
  local all, accounts = nil, {}
  for _, one in ipairs(options.account or {}) do
    if not one.connector then all = one.who end
    if one.connector then accounts[#accounts + 1] = ("[%q] = %q"):format(one.connector, one.who) end
  end
  if all then add("account", ("%q"):format(all)) end
  if accounts[1] then add("accounts", "{ " .. table.concat(accounts, ", ") .. " }") end
  return table.concat(lines)
end

--- The directories of the library's Lua files and of its binary for nginx's VM; without one, the pattern of this VM.
local function nginx_paths()
  local init = absolute(assert(package.searchpath("bosa", package.path)))
  local dir = init:match("^(.*)/bosa/init%.lua$") or init:match("^(.*)/bosa%.lua$")
  local binary = absolute(assert(package.searchpath("bosa.core", package.cpath)))
  local own = binary:match("^(.*)/bosa/core%.[^/]*$")
  local for_nginx = own:gsub("lua5%.4$", "luajit"):gsub("/lua/5%.4$", "/lua/5.1")
  return ("%s/?.lua;%s/?/init.lua;;"):format(dir, dir), for_nginx .. "/?.so;;"
end

local function nginx(options)
  local path, cpath = nginx_paths()
  return (NGINX:format(path, cpath, nginx_hub(options), nginx_options(options)):gsub("\n$", ""))
end

local MADE = { claude = mcp_servers, cursor = mcp_servers, vscode = vscode, zed = zed, nginx = nginx }
local WHERE = {
  claude = "claude_desktop_config.json (Settings, Developer, Edit Config), or .mcp.json for Claude Code",
  cursor = "~/.cursor/mcp.json, or .cursor/mcp.json in a project", vscode = ".vscode/mcp.json",
  zed = "Zed's settings.json", nginx = "nginx.conf",
}

--- The configuration that has a program serve what the options say, and the file that it belongs to.
---@param program "claude"|"cursor"|"nginx"|"vscode"|"zed"
---@param options table of `bosa mcp`
---@return string text, string where
function mcp_config.make(program, options) return MADE[program](options), WHERE[program] end

return mcp_config
