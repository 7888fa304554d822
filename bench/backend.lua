--- backend.lua: nginx as a server that costs next to nothing, so that the client is what is measured. It gives the same
-- responses as the sandbox's `small` and `list_bytes`, of which it takes copies from the sandbox that is running; one
-- action for each size. Prints the URL, and ends with its standard input.
package.path = "./?.lua;" .. package.path
local bosa = require("bosa")
local nginx = require("spec.support.nginx")

local sizes = { 16000, 160000 }
local hub = bosa.new()

local function entry(name)
  return { method = "POST", path = "/connectors/lab/" .. name, docstring = "", response = { type = "any" },
    parameters = { request = { schema = { type = "object", properties = bosa.object({}) } } } }
end

local actions, locations = { small = entry("small") }, {}

--- A response that is served from memory where it is small, else from a file.
local function serve(path, body)
  if #body < 4000 then
    locations[#locations + 1] = ("location = %s { return 200 '%s'; }"):format(path, body)
    return nil
  end
  local name = path:match("[^/]+$") .. ".json"
  locations[#locations + 1] = ("location = %s { error_page 405 =200 /%s; return 405; }"):format(path, name)
  locations[#locations + 1] = ("location = /%s { root DIR; internal; }"):format(name)
  return name
end

local function body_of(action, params)
  local body = assert(hub:execute("lab", action, params))
  return assert(bosa.json.encode(body))
end

local files = {}
serve("/connectors/lab/small", body_of("small", {}))
for _, size in ipairs(sizes) do
  local name = "list_" .. size
  actions[name] = entry(name)
  local body = body_of("list_bytes", { bytes = size })
  local file = serve("/connectors/lab/" .. name, body)
  if file then files[file] = body end
end
serve("/connectors/", assert(bosa.json.encode({ lab = actions })))

local dir = os.tmpname()
os.remove(dir)
assert(os.execute("mkdir -m 755 " .. dir))
for name, body in pairs(files) do
  local f = assert(io.open(dir .. "/" .. name, "w"))
  f:write(body)
  f:close()
end
local http = "default_type application/json; keepalive_requests 100000000; open_file_cache max=10; sendfile on;"
local web = nginx.start({ http = http, server = (table.concat(locations, "\n"):gsub("DIR", dir)) })
io.stdout:write(web.url, "\n")
io.stdout:flush()
io.read("*a")
web.stop()
os.execute("rm -rf " .. dir)
