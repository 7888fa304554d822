--- One set of promises, kept by every transport: libcurl, nginx's cosockets, and one that a user made.
local bosa = require("bosa")
local server = require("spec.support.server")
local nginx = require("spec.support.nginx")
local cases = require("spec.contract.cases")

local sandbox, web

--- A context for the cases in this process, over libcurl or over `transport`.
local function context(name, transport)
  local c = { name = name, url = sandbox.url, stops = transport == nil }
  function c.new(options)
    local all = { api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token, transport = transport }
    for option, value in pairs(options or {}) do all[option] = value end
    return bosa.new(all)
  end
  c.lab = c.new():connect("lab")
  return c
end

local in_nginx = [[
  init_by_lua_block {
    bosa = require("bosa")
    local settings = { api_base_url = "%s", api_key = "%s", token = "%s" }
    context = { name = "nginx", url = settings.api_base_url, stops = true }
    function context.new(options)
      local all = {}
      for option, value in pairs(settings) do all[option] = value end
      for option, value in pairs(options or {}) do all[option] = value end
      return bosa.new(all)
    end
    context.lab = context.new():connect("lab")
    package.path = "%s/?.lua;" .. package.path
    cases = require("spec.contract.cases")
  }
]]

setup(function()
  sandbox = server.start()
  local root = io.popen("pwd"):read("*l")
  web = nginx.try({
    http = in_nginx:format(sandbox.url, sandbox.key, sandbox.token, root),
    server = [[ location = /case { content_by_lua_block {
      local ok, why = pcall(cases[tonumber(ngx.var.arg_n)].run, context)
      ngx.print(ok and "ok" or tostring(why))
    } } ]],
  })
end)
teardown(function()
  web.stop()
  sandbox.stop()
end)

describe("over libcurl, a call", function()
  for _, case in ipairs(cases) do
    it(case.name, function() case.run(context("libcurl")) end)
  end
end)

describe("over a transport of the user's own, a call", function()
  for _, case in ipairs(cases) do
    it(case.name, function() case.run(context("own", require("spec.support.luasocket"))) end)
  end
end)

describe("over nginx's cosockets, a call", function()
  for i, case in ipairs(cases) do
    it(case.name, function() assert.equal("ok", (web.get("/case?n=" .. i))) end)
  end
end)
