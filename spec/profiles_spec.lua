--- Saved sessions by the names of their profiles: by the command, and by scripts.
local library = require("bosa")
local server = require("spec.support.server")
local command = require("spec.support.command")

local sandbox, other, bosa

setup(function()
  sandbox = server.start()
  other = server.start("--seed 2")
end)
teardown(function()
  sandbox.stop()
  other.stop()
end)

before_each(function() bosa = command.new() end)
after_each(function() bosa:close() end)

local function login(at, ...)
  return bosa:run({ "--api-url", at.url, "auth", "login", ... }, {
    stdin = ("%s\n%s\n%s\n"):format(at.key, at.user.identifier, at.user.secret),
  })
end

local function config_path() return bosa.dir .. "/config/bosa/config.json" end

--- What a script prints that is run in the command's environment.
local function script(text, env)
  command.write_file(bosa.dir .. "/script.lua", text)
  local words = { "XDG_CONFIG_HOME=" .. command.quote(bosa.dir .. "/config") }
  for name, value in pairs(env or {}) do words[#words + 1] = name .. "=" .. command.quote(value) end
  local unset = "env -u BOSA_API_BASE_URL -u BOSA_API_KEY -u BOSA_TOKEN -u BOSA_PROFILE"
  return command.output_of(("%s %s %s %s 2>&1"):format(unset, table.concat(words, " "), os.getenv("BOSA_LUA"),
    bosa.dir .. "/script.lua"))
end

local WHO = [[
local bosa = require("bosa")
local options = %s
local hub, err = bosa.new(options)
if not hub then print(err.kind, err) os.exit() end
local user, why = hub:get_user_info()
print(hub, user and user.identifier or why)
assert(not package.loaded.luv)
]]

local function who(options, env) return script(WHO:format(options or "nil"), env) end

describe("profiles of the command", function()
  it("are all kept, however many log in at once", function()
    command.write_file(bosa.dir .. "/answers",
      ("%s\n%s\n%s\n"):format(sandbox.key, sandbox.user.identifier, sandbox.user.secret))
    local lines, names = {}, {}
    for i = 1, 12 do
      names[i] = ("user%02d"):format(i)
      local one = bosa:line({ "--api-url", sandbox.url, "auth", "login", "--profile", names[i] })
      lines[i] = ("%s <%s/answers >/dev/null 2>&1 &"):format(one, bosa.dir)
    end
    os.execute(table.concat(lines, "\n") .. "\nwait")
    local out = bosa:run({ "auth", "list", "--json" })
    local kept = {}
    for i, one in ipairs(assert(library.json.decode(out))) do kept[i] = one.profile end
    assert.same(names, kept)
    assert.equal("config.json\n", command.output_of("ls -A " .. bosa.dir .. "/config/bosa"))
  end)

  it("are sessions side by side", function()
    local _, err, code = login(sandbox)
    assert.same({ "", 0 }, { err, code })
    local out
    out, err, code = login(other, "--profile", "work")
    assert.same({ "", 0 }, { err, code })
    assert.matches("%(profile work%)", out)
    assert.equal("600\n", command.output_of("stat -c %a " .. config_path()))
    for url, words in pairs({ [sandbox.url] = {}, [other.url] = { "--profile", "work" } }) do
      local line = { "auth", "status" }
      for _, word in ipairs(words) do line[#line + 1] = word end
      out, err, code = bosa:run(line)
      assert.same({ "", 0 }, { err, code })
      assert.matches("API URL: " .. url, out, 1, true)
      assert.matches("Server: accepts", out, 1, true)
      assert.matches("Profile: " .. (words[2] or "default"), out, 1, true)
    end
    out = bosa:run({ "auth", "status" }, { env = { BOSA_PROFILE = "work" } })
    assert.matches("API URL: " .. other.url, out, 1, true)
  end)

  it("are listed without secrets, and forgotten one by one", function()
    login(sandbox)
    login(other, "--profile", "work")
    local out, err, code = bosa:run({ "auth", "list" })
    assert.same({ "", 0 }, { err, code })
    assert.matches("^default\t" .. sandbox.url .. "\t[^\n]*\tin use\nwork\t" .. other.url .. "\t[^\n]*\t\n$", out)
    local list = library.json.decode((bosa:run({ "auth", "list", "--json", "--profile", "work" })))
    assert.same({ "default", false, "work", true },
      { list[1].profile, list[1].current, list[2].profile, list[2].current })
    for _, one in ipairs({ sandbox, other }) do
      for _, secret in ipairs({ one.key, "eyJ" }) do assert.is_nil(out:find(secret, 1, true)) end
    end
    assert.equal(0, select(3, bosa:run({ "auth", "logout" })))
    assert.matches("^work\t[^\n]*\n$", (bosa:run({ "auth", "list" })))
    out, err, code = bosa:run({ "auth", "logout" })
    assert.same({ "", 2 }, { out, code })
    assert.matches("not logged in[^\n]*profiles work\n$", err)
    assert.equal(0, select(3, bosa:run({ "auth", "logout", "--profile", "work" })))
    assert.is_nil(io.open(config_path(), "r"))
  end)

  it("are all forgotten by --all", function()
    login(sandbox)
    login(other, "--profile", "work")
    assert.equal(0, select(3, bosa:run({ "auth", "logout", "--all" })))
    assert.is_nil(io.open(config_path(), "r"))
  end)

  it("win over the environment where they are named by an option", function()
    login(other, "--profile", "work")
    local env = { BOSA_API_BASE_URL = sandbox.url, BOSA_API_KEY = sandbox.key, BOSA_TOKEN = sandbox.token }
    local out = bosa:run({ "auth", "status", "--profile", "work" }, { env = env })
    assert.matches("API URL: " .. other.url, out, 1, true)
    assert.matches("Server: accepts", out, 1, true)
    env.BOSA_PROFILE = "work"
    out = bosa:run({ "auth", "status" }, { env = env })
    assert.matches("API URL: " .. sandbox.url, out, 1, true)
    assert.matches("Server: accepts", out, 1, true)
  end)

  it("give their credentials to no other server", function()
    login(other, "--profile", "work")
    local _, err, code = bosa:run({ "--profile", "work", "--api-url", sandbox.url, "integrations" })
    assert.equal(2, code)
    assert.matches("no API key and no user token were given", err, 1, true)
  end)

  it("are an error where what they have can't be used", function()
    login(other, "--profile", "work")
    command.write_file(config_path(), library.json.encode({ profiles = { work = { api_url = "nowhere" } } }))
    os.execute("chmod 600 " .. config_path())
    assert.matches("^params\tthe profile's api_url must be an absolute http or https URL", who('{ profile = "work" }'))
  end)

  it("get nothing that the environment has for another server", function()
    login(other, "--profile", "work")
    command.write_file(config_path(), library.json.encode({ profiles = { work = { api_url = other.url } } }))
    os.execute("chmod 600 " .. config_path())
    local env = { BOSA_API_BASE_URL = sandbox.url, BOSA_API_KEY = sandbox.key, BOSA_TOKEN = sandbox.token }
    local _, err, code = bosa:run({ "--profile", "work", "integrations" }, { env = env })
    assert.equal(2, code)
    assert.matches("no API key and no user token were given", err, 1, true)
    assert.matches("no user token was given", who('{ profile = "work" }', env), 1, true)
    env = { BOSA_TOKEN = other.token }
    assert.equal(0, select(3, bosa:run({ "--profile", "work", "integrations" }, { env = env })))
    assert.matches("ada@example.com", who('{ profile = "work" }', env), 1, true)
    env.BOSA_API_BASE_URL = other.url .. "/"
    assert.matches("ada@example.com", who('{ profile = "work" }', env), 1, true)
  end)

  it("that are not there are named with those that are", function()
    login(sandbox)
    for _, case in ipairs({
      { { "--profile", "nope", "integrations" } }, { { "integrations" }, { BOSA_PROFILE = "nope" } },
    }) do
      local _, err, code = bosa:run(case[1], { env = case[2] })
      assert.equal(1, code)
      assert.matches("^bosa: there is no profile `nope` %(there are default%)[^\n]*%-%-profile nope`\n$", err)
    end
    local _, err, code = bosa:run({ "auth", "login", "--profile", "a b" }, { stdin = "a\nb\nc\n" })
    assert.equal(4, code)
    assert.matches("%-%-profile", err)
  end)

  it("in a file that is damaged give way to a login at a server that is named", function()
    os.execute("mkdir -p " .. bosa.dir .. "/config/bosa")
    for _, text in ipairs({ "{", "[1]", '{"profiles":{"work":{"token":5}}}' }) do
      command.write_file(config_path(), text)
      os.execute("chmod 600 " .. config_path())
      local _, err, code = bosa:run({ "auth", "login" }, { stdin = "k\nu\ns\n" })
      assert.equal(1, code)
      assert.matches("log in again with --api-url", err, 1, true)
      assert.equal(text, command.read_file(config_path()))
      _, err, code = login(sandbox)
      assert.same({ "", 0 }, { err, code })
      assert.matches("Server: accepts", (bosa:run({ "auth", "status" })), 1, true)
    end
  end)

  it("are completed", function()
    login(other, "--profile", "work")
    assert.equal("work\n", (bosa:run({ "__complete", "--", "run", "--profile", "w" })))
  end)

  it("take the file of a version without them for the profile default", function()
    os.execute("mkdir -p " .. bosa.dir .. "/config/bosa")
    command.write_file(config_path(), library.json.encode({
      api_url = sandbox.url, api_key = sandbox.key, token = sandbox.token, username = "ada@example.com",
    }))
    os.execute("chmod 600 " .. config_path())
    assert.matches("Server: accepts", (bosa:run({ "auth", "status" })), 1, true)
    login(other, "--profile", "work")
    local file = library.json.decode(command.read_file(config_path()))
    assert.same({ sandbox.key, other.url }, { file.api_key, file.profiles.work.api_url })
    assert.matches("ada@example.com", who('{ profile = "default" }'), 1, true)
  end)
end)

describe("profiles of a script", function()
  it("give server, key and token", function()
    login(other, "--profile", "work")
    assert.equal(("bosa (%s)\tada@example.com\n"):format(other.url), who('{ profile = "work" }'))
    assert.equal(("bosa (%s)\tada@example.com\n"):format(other.url), who(nil, { BOSA_PROFILE = "work" }))
    local env = { BOSA_API_BASE_URL = sandbox.url, BOSA_TOKEN = "wrong" }
    assert.equal(("bosa (%s)\tada@example.com\n"):format(other.url), who('{ profile = "work" }', env))
  end)

  it("give way to explicit options", function()
    login(other, "--profile", "work")
    assert.matches("401 Unauthorized", who('{ profile = "work", token = "wrong" }'), 1, true)
    assert.matches("bosa %(https://api.bosa.id%)", who("{ profile = false }", { BOSA_PROFILE = "work" }))
  end)

  it("give their credentials to no other server", function()
    login(other, "--profile", "work")
    local options = ('{ profile = "work", api_base_url = %q }'):format(sandbox.url)
    assert.matches("no user token was given", who(options), 1, true)
    local env = { BOSA_PROFILE = "work", BOSA_API_BASE_URL = sandbox.url }
    assert.matches("no user token was given", who(nil, env), 1, true)
    options = ('{ profile = "work", api_base_url = %q }'):format(other.url:upper():gsub("^HTTP", "http") .. "/")
    assert.matches("ada@example.com", who(options), 1, true)
  end)

  it("that can't be had are an error in place of the hub", function()
    local kind = who('{ profile = "work" }')
    assert.matches("^file\tthere is no profile `work` %(nobody has logged in yet%)", kind)
    login(other, "--profile", "work")
    assert.matches("^file\tthere is no profile `nope` %(there are work%)", who(nil, { BOSA_PROFILE = "nope" }))
    os.execute("chmod 622 " .. config_path())
    assert.matches("^file\t[^\n]*others can write to it", who('{ profile = "work" }'))
    os.execute("chmod 600 " .. config_path())
    for _, text in ipairs({
      "{", "[1]", '{"token":1}', '{"profiles":[1]}', '{"profiles":{"work":7}}', '{"profiles":{"work":{"token":1}}}',
      '{"profiles":{"a b":{}}}',
    }) do
      command.write_file(config_path(), text)
      assert.matches("^file\t[^\n]*config.json: [^\n]*log in again with %-%-api%-url\n$", who('{ profile = "work" }'))
    end
    os.execute("rm " .. config_path() .. " && mkfifo " .. config_path())
    assert.matches("^file\t[^\n]*not a regular file", who('{ profile = "work" }'))
  end)

  it("are named by a string", function()
    local ok, message = pcall(function()
      local hub = library.new({ profile = 7 })
      return hub
    end)
    assert.is_false(ok)
    assert.matches("profiles_spec.lua:%d+: option `profile`: string expected", message)
  end)
end)
