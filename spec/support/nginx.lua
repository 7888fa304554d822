--- Runs nginx with Lua code of a spec, on a free port of loopback, in a directory of its own.

local nginx = {}

local function free_port()
  -- the system gives a free port to a socket bound to 0; nginx can't say which it got
  local socket = require("socket")
  local s = assert(socket.bind("127.0.0.1", 0))
  local _, port = s:getsockname()
  s:close()
  return tonumber(port)
end

local function write(path, text)
  local f = assert(io.open(path, "w"))
  f:write(text)
  f:close()
end

local function read(path)
  local f = io.open(path, "r")
  if not f then return "" end
  local text = f:read("*a")
  f:close()
  return text
end

local template = [[
daemon off;
master_process %s;
worker_processes %d;
pid %s/nginx.pid;
error_log %s/error.log notice;
%s
%s
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path %s/body;
  proxy_temp_path %s/proxy;
  fastcgi_temp_path %s/fastcgi;
  uwsgi_temp_path %s/uwsgi;
  scgi_temp_path %s/scgi;
  lua_package_path "%s/lua/?.lua;%s/lua/?/init.lua;;";
  lua_package_cpath "%s/luajit/?.so;;";
  lua_check_client_abort on;
  %s
  server {
    listen 127.0.0.1:%d;
    location = /ping { return 200 "pong"; }
    %s
  }
}
]]

--- load_module lines for the Lua module and what it needs, where it isn't built in.
local function modules()
  local list = {}
  for _, name in ipairs({ "ndk_http_module.so", "ngx_http_lua_module.so" }) do
    local path = "/usr/lib/nginx/modules/" .. name
    if read(path) ~= "" then list[#list + 1] = "load_module " .. path .. ";" end
  end
  return table.concat(list, "\n")
end

--- Whether nginx has to load the Lua module, as it isn't built in.
function nginx.loads_modules() return modules() ~= "" end

--- Starts nginx on a port that was free a moment ago: what nginx.start gives; nil and its log: it didn't start.
local function start_once(options)
  local dir = os.tmpname()
  os.remove(dir)
  assert(os.execute("mkdir -m 755 " .. dir))
  local root = io.popen("pwd"):read("*l")
  local build = os.getenv("BOSA_BUILD") or root .. "/build"
  local port = free_port()
  local workers = options.workers or 1
  local env, settings = {}, {} -- what init reads is the process's own environment; workers keep what `env` names
  for name, value in pairs(options.env or {}) do
    env[#env + 1] = "env " .. name .. ";"
    settings[#settings + 1] = name .. "=" .. value .. " "
  end
  local paths = ('lua_package_path "%s/lua/?.lua;%s/lua/?/init.lua;;"; lua_package_cpath "%s/luajit/?.so;;";'):format(
    root, root, build)
  local made = options.config and options.config({ dir = dir, port = port, modules = modules(), paths = paths })
  write(dir .. "/nginx.conf", made or template:format(workers > 1 and "on" or "off", workers, dir, dir, modules(),
    table.concat(env, "\n"), dir, dir, dir, dir, dir, root, root, build, options.http or "", port,
    options.server or ""))
  local fifo = dir .. "/stop"
  assert(os.execute("mkfifo " .. fifo))
  -- nginx ends with the shell that holds the pipe, so also when the test process dies
  local start = ("nginx -c %s/nginx.conf -p %s %s 2>%s/stderr & p=$!; "):format(dir, dir, options.arguments or "", dir)
  local command = "PATH=$PATH:/usr/sbin; " .. table.concat(settings) .. start .. "cat >/dev/null; kill $p; wait $p"
  local process = assert(io.popen(command, "w"))
  local self = { port = port, url = "http://127.0.0.1:" .. port, dir = dir }
  local socket = require("socket")

  function self.log() return read(dir .. "/error.log") .. read(dir .. "/stderr") end

  --- One GET: body, status.
  function self.get(path)
    local http = require("socket.http")
    local body, status = http.request(self.url .. path)
    return body, status
  end

  function self.stop()
    process:close()
    os.execute("rm -rf " .. dir)
  end

  local has_pid = not made or made:find("\npid nginx.pid;", 1, true)
  for _ = 1, 12000 do -- a minute
    -- without a file of its pid it would be another program that listens there
    local s = (not has_pid or read(dir .. "/nginx.pid") ~= "") and socket.connect("127.0.0.1", port)
    if s then
      s:close()
      return self
    end
    if self.log():find("still could not bind", 1, true) then break end
    socket.select(nil, nil, 0.005)
  end
  local log = self.log()
  self.stop()
  return nil, log
end

--- Starts nginx: { port =, url =, get = function(path) -> body, status, log = function() -> text, stop = function }.
---@param options table http: text for the http block; server: for the server block; env: names; workers: count;
---config: function({ dir, port, modules, paths }) gives the whole configuration instead;
---arguments: of its command line, as a shell has them, besides -p and -c
function nginx.start(options)
  if io.popen("PATH=$PATH:/usr/sbin; command -v nginx"):read("*l") == nil then error("nginx is not installed", 2) end
  local web, log
  for _ = 1, 5 do
    web, log = start_once(options)
    if web then return web end
    if not log:find("bind()", 1, true) then break end -- else somebody took the port meanwhile
  end
  error("nginx did not start: " .. log)
end

--- Runs one of examples/openresty as its comment says, on a free port.
---@param name string like "nginx.conf"
---@param env table names and values
function nginx.example(name, env)
  local text, how = read("examples/openresty/" .. name), read("examples/openresty/nginx.conf")
  local root, build = io.popen("pwd"):read("*l"), os.getenv("BOSA_BUILD") or "build"
  local all = {
    LUA_PATH = ("'%s/lua/?.lua;%s/lua/?/init.lua;;'"):format(root, root),
    LUA_CPATH = ("'%s/luajit/?.so;;'"):format(build:find("^/") and build or root .. "/" .. build),
  }
  for variable, value in pairs(env) do all[variable] = value end
  return nginx.start({
    arguments = nginx.loads_modules() and assert(how:match("nginx %-p %. %-c nginx.conf (%-g '[^']*')")) or nil,
    config = function(of) return (text:gsub("listen 127.0.0.1:8080", "listen 127.0.0.1:" .. of.port)) end,
    env = all,
  })
end

--- Like nginx.start, for a spec that has another half: where nginx can't be had, only what asks it fails.
function nginx.try(options)
  local ok, web = pcall(nginx.start, options)
  if ok then return web end
  local why = web
  return { get = function() error(why, 2) end, log = function() return why end, stop = function() end }
end

return nginx
