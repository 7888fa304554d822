--- bosa mcp --print-config: what it prints starts a server as it is, from any directory.
local bosa = require("bosa")
local command = require("spec.support.command")
local nginx = require("spec.support.nginx")

local PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'

local sandbox, bin

setup(function() bin, sandbox = command.start() end)
teardown(function() bin:close() end)

local function printed(program, ...)
  local out, err, code = bin:run({ "mcp", "--print-config", program, ... }, { env = { BOSA_API_KEY = "sk-secret" } })
  assert.same({ 0, "" }, { code, err })
  assert.is_nil(out:find("sk-secret", 1, true) or out:find(sandbox.token, 1, true))
  return out
end

--- The server that a program would start.
local function entry_of(program, ...)
  local config = assert(bosa.json.decode(printed(program, ...)))
  local servers = config.mcpServers or config.servers or config.context_servers
  assert.equal(({ claude = "mcpServers", cursor = "mcpServers", vscode = "servers", zed = "context_servers" })[program],
    next(config))
  return servers.bosa
end

describe("the printed configuration", function()
  for _, program in ipairs({ "claude", "cursor", "vscode", "zed" }) do
    it("of " .. program .. " starts the server", function()
      local entry = entry_of(program, "lab", "--read-only", "--only", "s*", "--files", ".")
      assert.equal("/", entry.command:sub(1, 1))
      assert.equal("/", entry.args[#entry.args]:sub(1, 1))
      local words = { command.quote(entry.command) }
      for _, word in ipairs(entry.args) do words[#words + 1] = command.quote(word) end
      local environment = {}
      for name, value in pairs(entry.env) do environment[#environment + 1] = name .. "=" .. command.quote(value) end
      local line = ("cd / && printf '%%s\\n' %s | env BOSA_API_KEY=k %s %s"):format(command.quote(PING),
        table.concat(environment, " "), table.concat(words, " "))
      assert.same({}, assert(bosa.json.decode(command.output_of(line))).result)
      assert.equal(sandbox.url, entry.env.BOSA_API_BASE_URL)
    end)
  end

  it("is the same each time, and says what kind of server it is where the program wants that", function()
    assert.equal(printed("claude", "lab"), printed("cursor", "lab"))
    assert.equal("stdio", entry_of("vscode", "lab").type)
    assert.equal("custom", entry_of("zed", "lab").source)
    assert.same({ "mcp", "--search", "--account", "lab=me" }, entry_of("zed", "--search", "--account", "lab=me").args)
  end)

  it("names the server, its certificates and the accounts that the command was given", function()
    local given = { "--api-url", "http://127.0.0.1:1", "--ca-file", "Makefile", "--allow-http", "--account", "me" }
    local args = entry_of("claude", "lab", (table.unpack or unpack)(given))
    local wanted = { "mcp", "lab", (table.unpack or unpack)(given) }
    wanted[6] = command.top .. "/Makefile"
    assert.same(wanted, args.args)
    local text = printed("nginx", "lab", "--account", "lab=you", (table.unpack or unpack)(given))
    for _, part in ipairs({
      'api_base_url = "http://127.0.0.1:1"', ('ca_file = "%s/Makefile"'):format(command.top), "allow_http = true",
      'account = "me"', 'accounts = { ["lab"] = "you" }',
    }) do
      assert.truthy(text:find(part, 1, true), part)
    end
  end)

  it("of nginx serves over HTTP", function()
    local text = printed("nginx", "lab", "--read-only", "--api-url", sandbox.url, "--account", "me")
    local main, http, location = text:match("(env .-)\n#[^\n]*\n(lua_package_path.-)\n\n#[^\n]*\n(location.*)")
    local web = nginx.start({
      env = { BOSA_API_BASE_URL = "http://127.0.0.1:1", BOSA_API_KEY = sandbox.key },
      config = function(of)
        return ("daemon off; master_process off; pid %s/pid; error_log %s/error.log notice;\n%s\n%s\nevents {}\n"
          .. "http { access_log off; client_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/f; "
          .. "uwsgi_temp_path %s/u; scgi_temp_path %s/s;\n%s\nserver { listen 127.0.0.1:%d;\n%s } }"):format(of.dir,
          of.dir, of.modules, main, of.dir, of.dir, of.dir, of.dir, of.dir, http, of.port, location)
      end,
    })
    local answer = command.output_of(("env -u LD_PRELOAD curl -s %s/mcp -H 'Content-Type: application/json' -d '%s'")
      :format(web.url, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'))
    local log = web.log()
    web.stop()
    assert.is_true(#assert(bosa.json.decode(answer), log).result.tools > 3)
  end)

  it("is refused for a program that isn't known", function()
    local out, err, code = bin:run({ "mcp", "lab", "--print-config", "emacs" })
    assert.equal("", out)
    assert.equal(4, code)
    assert.truthy(err:find("'claude'", 1, true))
  end)
end)
