--- Starts the sandbox server for a spec, and stops it.

local directory = require("spec.support.directory")

local server = {}

local function sandbox_path()
  return os.getenv("BOSA_SANDBOX") or "build/bin/bosa-sandbox"
end

--- Starts a server on a free port of loopback: { url =, key =, token =, user = {identifier, secret}, stop = function }.
-- It ends when its standard input closes, so also when the test process dies.
---@param arguments string? further command line arguments
function server.start(arguments)
  local fifo = os.tmpname()
  assert(os.remove(fifo))
  assert(os.execute("mkfifo -m 600 " .. fifo))
  local command = string.format("exec %s --port 0 --until-eof %s >%s", sandbox_path(), arguments or "", fifo)
  local process = assert(io.popen(command, "w"))
  local lines = assert(io.open(fifo, "r"))
  os.remove(fifo)
  local self, hubs, dirs = {}, setmetatable({}, { __mode = "k" }), {}
  while not (self.url and self.key and self.token and self.user) do
    local line = assert(lines:read("l"), "the sandbox did not start")
    self.url = self.url or line:match("^listening on (%S+)$")
    self.key = self.key or line:match("^api key (%S+)$")
    self.token = self.token or line:match("^token (%S+)$")
    local identifier, secret = line:match("^user (%S+) (%S+)$")
    self.user = self.user or identifier and { identifier = identifier, secret = secret }
  end
  --- What the server counts: requests, connections, executions. Without a preloaded sanitizer, which curl can't bear.
  function self.stats()
    local curl = io.popen(("env -u LD_PRELOAD curl -sk '%s/_sandbox/stats'"):format(self.url))
    local text = curl:read("*a")
    curl:close()
    return assert(require("bosa").json.decode(text))
  end

  --- Gives lab one more action, as a new version of a server would.
  function self.change_schema()
    assert(os.execute(("env -u LD_PRELOAD curl -sf -o /dev/null -X POST '%s/_sandbox/schema-change'"):format(self.url)))
  end

  --- A hub of this server's user; further options of bosa.new. `stop` closes it, if it is still there.
  ---@param options table?
  function self.hub(options)
    local all = { api_base_url = self.url, api_key = self.key, token = self.token }
    for name, value in pairs(options or {}) do all[name] = value end
    local hub = require("bosa").new(all)
    hubs[hub] = true
    return hub
  end

  --- A directory for what a spec writes; `stop` removes it.
  function self.directory()
    dirs[#dirs + 1] = directory()
    return dirs[#dirs]
  end

  --- Has the accounts of a connector expire, as they do at a service after a while.
  function self.expire(connector)
    assert(os.execute(("env -u LD_PRELOAD curl -sf -o /dev/null -X POST '%s/_sandbox/expire/%s'"):format(self.url,
      connector)))
  end

  --- Follows a URL as the user's browser would, one step; where it is sent on to.
  function self.browse(url)
    local curl = io.popen(("env -u LD_PRELOAD curl -s -o /dev/null -w '%%{redirect_url}' '%s'"):format(url))
    local where = curl:read("*a")
    curl:close()
    return where
  end

  function self.stop()
    for hub in pairs(hubs) do hub:close() end
    for _, dir in ipairs(dirs) do os.execute("rm -rf " .. dir) end
    lines:close()
    process:close()
  end
  return self
end

return server
