--- No key, token or user's secret shows anywhere: not in tostring, errors, events, or fields that can be listed.
local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, lab, user, user_token
local events = {}

--- Everything that can be reached from a value without knowing names, as text: fields, metatables, environments.
local function dump(value, seen, parts)
  seen, parts = seen or {}, parts or {}
  parts[#parts + 1] = tostring(value)
  local kind = type(value)
  if (kind ~= "table" and kind ~= "userdata") or seen[value] then return parts end
  seen[value] = true
  if kind == "table" then
    for k, v in next, value do
      dump(k, seen, parts)
      dump(v, seen, parts)
    end
  end
  local metatable = getmetatable(value)
  if type(metatable) == "table" then dump(metatable, seen, parts) end
  return parts
end

local function assert_clean(what, value)
  local text = table.concat(dump(value), "\n")
  for name, secret in pairs({
    key = sandbox.key,
    token = sandbox.token,
    ["user's secret"] = user.secret,
    ["user's token"] = user_token.token,
  }) do
    assert.is_nil(text:find(secret, 1, true), ("%s shows the %s"):format(what, name))
  end
  assert.is_nil(text:find("Bearer", 1, true), what .. " shows an Authorization field")
end

setup(function()
  sandbox = server.start()
  hub = bosa.new({
    api_base_url = sandbox.url,
    api_key = sandbox.key,
    token = sandbox.token,
    retry_budget = false,
    on_event = function(event) events[#events + 1] = event end,
  })
  lab = hub:connect("lab")
  user = assert(hub:create_user("secrets@example.com"))
  user_token = assert(hub:authenticate(user.identifier, user.secret))
end)
teardown(function() sandbox.stop() end)

describe("a secret", function()
  it("would be found if it showed", function()
    assert.is_false(pcall(assert_clean, "a leak", { { sandbox.key } }))
    assert.is_false(pcall(assert_clean, "a leak", setmetatable({}, { x = "a " .. user.secret .. " b" })))
    assert.is_false(pcall(assert_clean, "a leak", { [user.secret] = 1 }))
  end)

  it("is in no object of ours", function()
    local action = lab:action("download"):params({ bytes = 10 })
    action:token(user_token.token):headers({ ["X-Extra"] = "yes" })
    local call = assert(action:start())
    local response = assert(call:wait())
    local task = bosa.async(function() return lab:small({}) end)
    assert(task:wait())
    local objects = {
      hub = hub,
      connector = lab,
      action = action,
      call = call,
      response = response,
      file = response.data,
      task = task,
      user = user,
      ["a response's fields"] = response.headers,
      ["a file to send"] = bosa.file({ file = "x", filename = "x" }),
    }
    for name, object in pairs(objects) do assert_clean(name, object) end
    assert.is_nil(table.concat(dump(user_token), "\n"):find(user_token.token, 1, true))
    assert.matches("\n?user secrets@example.com %(secret sk%-user%-%.%.%.", tostring(user))
    for _, secret in ipairs({ user.secret, user_token.token }) do
      assert.is_nil(tostring(user):find(secret, 1, true))
      assert.is_nil(tostring(user_token):find(secret, 1, true))
    end
  end)

  it("is no field of what holds it", function()
    for _, object in ipairs({ hub, lab, lab:action("small"):token(user_token.token) }) do
      for _, name in ipairs({ "api_key", "key", "token", "secret", "headers", "_token", "_key" }) do
        local ok, value = pcall(function() return object[name] end)
        if ok then assert.is_true(value == nil or type(value) == "function", name) end
      end
    end
  end)

  local function echoes(secret)
    local json = bosa.json.encode
    return {
      { status = 500, body = "your key is " .. secret, content_type = "text/plain" },
      { status = 502, body = "<html><p>" .. secret .. "</p></html>", content_type = "text/html" },
      { status = 400, message = "not good: " .. secret },
      { status = 400, body = json({ message = secret .. secret }), content_type = "application/json" },
      { status = 422, body = json({ detail = { { type = "x", loc = { "body", secret }, msg = "m " .. secret,
        input = { token = secret } } } }), content_type = "application/json" },
      { status = 409, body = json({ error = { message = "m", code = secret, reference_id = secret,
        details = { [secret] = { secret } } } }), content_type = "application/json" },
      { status = 400, body = json({ error = secret }), content_type = "application/json" },
      { status = 403, body = json({ detail = "Bad credentials: " .. secret }), content_type = "application/json" },
      { status = 500, body = ("x"):rep(4090) .. secret, content_type = "text/plain" },
      { status = 500, body = secret, content_type = "text/plain", headers = { ["X-Request-ID"] = secret } },
      { status = 307, headers = { Location = "http://evil.example/" .. secret .. "?k=" .. secret } },
      { broken_json = true, headers = { ["X-Key"] = secret } },
    }
  end

  it("is in no error, also when the server says it back", function()
    for _, secret in ipairs({ sandbox.key, sandbox.token, user_token.token }) do
      for i, params in ipairs(echoes(secret)) do
        local response, err = lab:fault(params, { token = secret ~= sandbox.key and secret or nil })
        assert.is_nil(response)
        assert.equal("string", type(err.kind))
        assert_clean(("error %d (%s)"):format(i, err.kind), err)
      end
    end
  end)

  it("is in no error of the users' endpoints", function()
    local stranger = sandbox.hub()
    for _, result in ipairs({
      { stranger:authenticate(user.identifier, user.secret .. "x") },
      { stranger:get_user_info(user_token.token .. "x") },
      { stranger:get_integration("github", user_token.token, "nobody") },
      { stranger:user_has_integration("nothing", user_token.token) },
    }) do
      if result[2] then assert_clean("an error of an endpoint", result[2]) end
    end
    assert.equal("auth", select(2, stranger:get_user_info(user_token.token .. "x")).kind)
    stranger:close()
  end)

  it("is in no error of parameters, nor in those of misuse", function()
    local _, err = lab:action("small"):token(user_token.token):params({ nothing = 1, key = 5 }):run()
    assert.equal("params", err.kind)
    assert_clean("an error of parameters", err)
    local _, message = pcall(bosa.new, { api_base_url = sandbox.url, api_key = sandbox.key .. "\n" })
    assert_clean("a mistake", message)
    assert.matches("key", message)
    _, message = pcall(function() lab:action("small"):token(user_token.token .. "\r\nX: y") end)
    assert_clean("a mistake", message)
    _, err = lab:action("small"):headers({ Authorization = "x\r\ny", ["X-Key"] = sandbox.key .. "\n" }):run()
    assert_clean("an error of header fields", err)
  end)

  it("is in no error of a connection", function()
    local nowhere = bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = sandbox.key, token = sandbox.token })
    local _, err = nowhere:run("lab", "small")
    assert.equal("connection", err.kind)
    assert_clean("an error of a connection", err)
    _, err = lab:fault({ connection = "reset" })
    assert_clean("an error of a connection", err)
    nowhere:close()
    _, err = nowhere:run("lab", "small")
    assert.equal("closed", err.kind)
    assert_clean("a closed hub", err)
    assert_clean("a closed hub", nowhere)
  end)

  it("is in no event of all that went before", function()
    lab:fault({ status = 503, retry_after = 0, times = 1, key = "event" }, { max_attempts = 2 })
    assert.is_true(#events > 20)
    local types = {}
    for _, event in ipairs(events) do
      types[event.type] = true
      assert_clean("an event", event)
    end
    for _, name in ipairs({ "request", "response", "retry", "wait", "error" }) do assert.is_true(types[name], name) end
  end)

  it("is not told to another origin", function()
    local seen = {}
    local own = bosa.new({
      api_base_url = "http://127.0.0.1:1",
      api_key = "sk-client-own",
      token = "own-token",
      transport = function(request)
        seen[#seen + 1] = request.url
        return { status = 308, headers = { Location = "http://evil.example/" }, body = "" }
      end,
    })
    local _, err = own:run("c", "a")
    assert.equal("protocol", err.kind)
    assert.same({ "http://127.0.0.1:1/connectors/?modules=c" }, seen)
  end)
end)

--- Every part of an error, as text.
local function words_of(err)
  local parts = { tostring(err), err.message, err.body or "", err.code or "", err.cause or "", err.url or "" }
  parts[#parts + 1] = bosa.json.encode(err.details or {})
  return table.concat(parts, "\n")
end

describe("a key that the server repeats", function()
  local KEY, TOKEN = "sk-client-AbC/dEf+0123456789xyzSECRET", "tok+0123456789/abcdef"
  local spellings = {
    ["as it is"] = function(text) return text end,
    ["with JSON's slashes"] = function(text) return (text:gsub("/", "\\/")) end,
    ["with JSON's escapes"] = function(text) return (text:gsub("[+/]", { ["+"] = "\\u002B", ["/"] = "\\u002f" })) end,
    ["every letter escaped"] = function(text)
      return (text:gsub(".", function(c) return ("\\u%04x"):format(c:byte()) end))
    end,
    ["percent-encoded"] = function(text) return (text:gsub("[+/]", { ["+"] = "%2B", ["/"] = "%2f" })) end,
    ["in HTML"] = function(text) return (text:gsub("[+/]", { ["+"] = "&#43;", ["/"] = "&#x2F;" })) end,
  }
  local bodies = {
    ["a message"] = '{"error":{"message":"MANYkey @ is unknown"}}',
    ["a place"] = '{"detail":[{"loc":["body","MANY@"],"msg":"bad @"}]}',
    ["another member"] = '{"error":{"message":"no","sent":"MANY@","code":"@"}}',
    ["plain text"] = "MANY@ is bad",
  }

  local function ask(body, headers)
    local answer = bosa.new({
      api_base_url = "http://127.0.0.1:1", api_key = KEY, token = TOKEN,
      snapshot = { t = { act = { method = "POST", path = "/connectors/t/act", parameters = {} } } },
      transport = function() return { status = 400, headers = headers, body = body } end,
    })
    local _, err = answer:run("t", "act")
    return err
  end

  for spelling, write in pairs(spellings) do
    for place, body in pairs(bodies) do
      it(("is in no part of the error, %s in %s, wherever the text is cut"):format(spelling, place), function()
        for _, secret in ipairs({ KEY, TOKEN }) do
          for _, before in ipairs({ 0, 50, 80, 95, 460, 480, 490, 495, 4060, 4090 }) do
            local text = body:gsub("MANY", ("x"):rep(before)):gsub("@", (write(secret):gsub("%%", "%%%%")))
            local kind = body:sub(1, 1) == "{" and "application/json" or "text/plain"
            local words = words_of(ask(text, { ["Content-Type"] = kind }))
            for _, form in pairs(spellings) do
              assert.is_nil(words:find(form(secret):sub(1, 8), 1, true), words)
            end
          end
        end
      end)
    end
  end

  it("is in no error about a header field", function()
    for _, field in ipairs({ "Content-Type", "Location", "X-Request-ID" }) do
      for before = 0, 100, 10 do
        local words = words_of(ask("", { [field] = "text/" .. ("q"):rep(before) .. KEY }))
        assert.is_nil(words:find(KEY:sub(1, 8), 1, true), words)
      end
    end
  end)

  it("leaves a code of the server's without control characters", function()
    local err = ask('{"error":{"message":"no","code":"E\\u001b[31m\\nX"}}', { ["Content-Type"] = "application/json" })
    assert.equal("E [31m X", err.code)
  end)
end)

describe("a key that the server gives as a name", function()
  local KEY, TOKEN, OTHER = "sk-client-0123456789SECRET", "token-0123456789SECRET", "own-token-0123456789SECRET"

  --- A hub whose server has the name wherever it may choose one.
  local function hub_of(name)
    local request = { type = "object", required = { name }, properties = bosa.object({
      [name] = { type = "string" },
      choice = { enum = { name, "b" } },
      only = { const = name },
      nested = { type = "object", properties = bosa.object({ [name] = { type = "integer" } }) },
    }) }
    local function entry(path)
      return { method = "POST", path = path, parameters = { request = { schema = request } } }
    end
    local made = bosa.object({ act = entry("/connectors/made/act"), [name] = entry("/x") })
    local answers = {
      ["/connectors/%?modules=made"] = { made = made },
      ["/connectors/%?modules=bad"] = { bad = bosa.object({ [name] = entry("/../" .. name) }) },
      ["/integration%-exists"] = { data = { has_integration = true } },
      ["/users/me"] = { data = { identifier = "i", integrations = {
        { connector = "made", user_identifier = name, auth_status = "expired " .. name, selected = true },
      } } },
      ["/api/skills/"] = { data = { id = "id", name = name, source_type = name, download_url = "http://x/" } },
    }
    local json = { ["Content-Type"] = "application/json" }
    return bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = KEY, token = TOKEN, transport = function(asked)
      for pattern, body in pairs(answers) do
        if asked.url:find(pattern) then return { status = 200, headers = json, body = bosa.json.encode(body) } end
      end
      error("not wanted: " .. asked.url)
    end })
  end

  --- Every error that has the name in it: what made it -> error.
  local function errors_of(name, token)
    local made = hub_of(name)
    local act = made:connect("made"):action("act"):token(token)
    local errors = {}
    local function note(what, value, err)
      assert.is_nil(value, what)
      errors[what] = err
    end
    for what, params in pairs({
      missing = {}, unknown = { x = 1 }, near = { [name .. "x"] = 1 }, choice = { choice = "c" },
      only = { only = "c" }, nested = { nested = { [name] = "c" } },
    }) do
      note(what, act:params(params):run())
      note(what .. ", not sent", act:validate())
    end
    note("an action that isn't there", made:connect("made"):action(name .. "x"):token(token):run())
    note("an action that isn't there, not sent", made:connect("made"):action(name .. "x"):token(token):validate())
    note("a path that isn't safe", made:connect("bad"):action("act"):token(token):run())
    note("an account", made:wait_for_integration("made", token, { timeout = 0 }))
    note("a skill", made:download_tenant_skill("id", { dir = "/nowhere", token = token }))
    note("the id of a skill", made:download_tenant_skill("id" .. name, { dir = "/nowhere", token = token }))
    return errors
  end

  it("is in no error, also where the name is cut", function()
    for _, secret in ipairs({ KEY, TOKEN, OTHER }) do
      for before = 0, 200, 10 do
        for what, err in pairs(errors_of(("n"):rep(before) .. secret, OTHER)) do
          local words = table.concat(dump(err), "\n")
          assert.is_nil(words:find(secret:sub(1, 8), 1, true), what .. ": " .. words)
        end
      end
    end
  end)

  it("is in no error about the file that would have had the name", function()
    local saving = bosa.new({
      api_base_url = "http://127.0.0.1:1", api_key = KEY, token = TOKEN,
      snapshot = { made = { file = { method = "POST", path = "/connectors/made/file", parameters = {} } } },
      transport = function()
        local disposition = ('attachment; filename="%s %s %s.txt"'):format(KEY, TOKEN, OTHER)
        return { status = 200, headers = { ["Content-Disposition"] = disposition }, body = "text" }
      end,
    })
    local file = assert(saving:run("made", "file", {}, { token = OTHER })).data
    local path, err = file:save_in("/nowhere/at/all")
    assert.is_nil(path)
    assert.equal("cannot write `/nowhere/at/all/*** *** ***.txt`: No such file or directory", err.message)
  end)

  it("leaves the line of an error as short as a line", function()
    for what, err in pairs(errors_of(("n"):rep(5000), OTHER)) do
      assert.is_true(#tostring(err) < 1000, what .. ": " .. #tostring(err))
    end
  end)
end)
