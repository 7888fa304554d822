--- Calls that find no account of the user's: how each client is led to connect one, and that the call then goes on.
local bosa = require("bosa")
local command = require("spec.support.command")
local mcp = require("bosa.mcp")
local nginx = require("spec.support.nginx")
local protocol = require("spec.support.protocol")
local server = require("spec.support.server")

local URL = { elicitation = { url = bosa.object({}) } }

local sandbox, hub, token, count

setup(function()
  sandbox = server.start("--require-account")
  hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
  count = 0
end)
teardown(function() sandbox.stop() end)

before_each(function() -- a user without accounts
  count = count + 1
  local user = assert(hub:create_bosa_user("user" .. count .. "@example.com"))
  token = assert(hub:authenticate_bosa_user(user.identifier, user.secret)).token
end)

local function client(revision, capabilities, more)
  return protocol.client(function(send)
    local options = { hub = hub, connectors = { "lab", "github" }, token = token, send = send }
    for name, value in pairs(more or {}) do options[name] = value end
    return mcp.new(options)
  end, revision, capabilities)
end

--- The user's browser.
local function open(url)
  local curl = io.popen(("env -u LD_PRELOAD curl -s -o /dev/null -w '%%{http_code} %%{redirect_url}' '%s'"):format(url))
  local status, where = curl:read("*a"):match("^(%d+) (.*)$")
  curl:close()
  assert.equal("302", status)
  return where
end

local call = { name = "lab__small" }

describe("a client without a handshake that opens URLs", function()
  it("is given a link, and the call goes on after it", function()
    for _, search in ipairs({ false, true }) do
      local one = client(nil, nil, { search = search })
      local function ask(more)
        local params = search and { name = "call_action", arguments = call } or { name = call.name }
        for name, value in pairs(more or {}) do params[name] = value end
        return one:modern("tools/call", params, URL).result
      end
      local asked = ask()
      assert.equal("input_required", asked.resultType)
      local question = asked.inputRequests.connect
      assert.same({ "elicitation/create", "url" }, { question.method, question.params.mode })
      assert.equal(sandbox.url, (open(question.params.url):gsub("%?.*", ""):gsub("/$", "")))
      local answered = ask({
        requestState = asked.requestState, inputResponses = { connect = { action = "accept" } },
      })
      assert.equal("complete", answered.resultType)
      assert.is_false(answered.isError)
      assert(hub:remove_integration("lab", token, "user" .. count .. "@example.com"))
    end
  end)

  it("is given a link that renews an account which has expired", function()
    open(assert(hub:initiate_connector_auth("lab", token, "http://127.0.0.1:1/")))
    sandbox.expire("lab")
    local one = client()
    local asked = one:modern("tools/call", { name = call.name }, URL).result
    assert.equal("input_required", asked.resultType)
    open(asked.inputRequests.connect.params.url)
    local answered = one:modern("tools/call", {
      name = call.name, requestState = asked.requestState, inputResponses = { connect = { action = "accept" } },
    }, URL).result
    assert.is_false(answered.isError)
    assert.equal("active", assert(hub:get_user_info(token)).integrations[1].auth_status)
  end)

  it("is told what was not done where the user says no", function()
    local one = client()
    local asked = one:modern("tools/call", { name = call.name }, URL).result
    for _, action in ipairs({ "decline", "cancel" }) do
      local result = one:modern("tools/call", {
        name = call.name, requestState = asked.requestState, inputResponses = { connect = { action = action } },
      }, URL).result
      assert.is_true(result.isError)
      assert.truthy(result.content[1].text:find("nothing was done", 1, true))
    end
  end)

  it("gains nothing by a state of its own making", function()
    local one = client()
    local given = one:modern("tools/call", { name = call.name }, URL).result.requestState
    local others = one:modern("tools/call", { name = "github__list_issues",
      arguments = { owner = "lua", repo = "lua" } }, URL).result.requestState
    assert.is_string(others)
    for _, state in ipairs({ "", "connect:github", "connect:lab", given .. "0", given:sub(1, -2), given:upper(), others,
      client():modern("tools/call", { name = call.name }, URL).result.requestState, ("x"):rep(5000) }) do
      local result = one:modern("tools/call", {
        name = call.name, requestState = state, inputResponses = { connect = { action = "accept" } },
      }, URL).result
      assert.equal("input_required", result.resultType)
    end
    for _, responses in ipairs({ 5, bosa.object({}), { connect = 5 } }) do
      local result = one:modern("tools/call", {
        name = call.name, requestState = given, inputResponses = responses,
      }, URL).result
      assert.equal("input_required", result.resultType)
    end
  end)
end)

describe("a client of 2025-11-25 that opens URLs", function()
  it("is given a link by an error, and the call goes on after it", function()
    local one = client("2025-11-25", URL)
    local fault = one:ask("tools/call", call).error
    assert.equal(-32042, fault.code)
    local question = fault.data.elicitations[1]
    assert.equal("url", question.mode)
    assert.are_not.equal(question.elicitationId, one:ask("tools/call", call).error.data.elicitations[1].elicitationId)
    open(question.url)
    assert.is_false(one:ask("tools/call", call).result.isError)
  end)
end)

describe("any other client", function()
  it("is given the link in the text", function()
    local form = { elicitation = { form = bosa.object({}) } }
    for _, one in ipairs({
      client("2025-06-18", { elicitation = bosa.object({}) }), client("2025-11-25", form), client("2024-11-05"),
    }) do
      local result = one:ask("tools/call", call).result
      assert.is_true(result.isError)
      assert.truthy(result.content[1].text:find("opening http://127.0.0.1:", 1, true), result.content[1].text)
    end
    local result = client():modern("tools/call", { name = call.name }).result
    open(result.content[1].text:match("opening (%S+);"))
    assert.is_false(client():modern("tools/call", { name = call.name }).result.isError)
  end)

  it("gets back to where the program says", function()
    local one = client(nil, nil, { callback_uri = "http://127.0.0.1:1/done" })
    local asked = one:modern("tools/call", { name = call.name }, URL).result
    assert.truthy(open(asked.inputRequests.connect.params.url):find("^http://127%.0%.0%.1:1/done"))
  end)
end)

describe("the state of a question in nginx", function()
  local web

  setup(function()
    local location = [[ location = /%s { content_by_lua_block {
      require("bosa.mcp.http").handle({ hub = hub, connectors = { "lab", "github" }, state_secret = %s })
    } } ]]
    web = nginx.start({
      workers = 2,
      env = { API = sandbox.url, KEY = sandbox.key },
      http = [[
        lua_shared_dict bosa 10m;
        init_by_lua_block {
          hub = require("bosa").new({ api_base_url = os.getenv("API"), api_key = os.getenv("KEY"),
            cache = ngx.shared.bosa })
        }
      ]],
      server = location:format("one", '"0123456789abcdef"') .. location:format("two", '"0123456789abcdef"')
        .. location:format("other", '"fedcba9876543210"') .. location:format("own", "nil"),
    })
  end)
  teardown(function() web.stop() end)

  local function ask(path, state, action, own)
    local params = { name = call.name, requestState = state, _meta = protocol.meta(nil, URL) }
    if state then params.inputResponses = { connect = { action = action or "decline" } } end
    local body = assert(bosa.json.encode({ jsonrpc = "2.0", id = 1, method = "tools/call", params = params }))
    local text, ltn12 = {}, require("ltn12")
    require("socket.http").request({
      url = web.url .. "/" .. path, method = "POST", source = ltn12.source.string(body), sink = ltn12.sink.table(text),
      headers = { ["Content-Type"] = "application/json", Accept = "application/json, text/event-stream",
        ["Content-Length"] = #body, Authorization = "Bearer " .. (own or token), ["Mcp-Method"] = "tools/call",
        ["MCP-Protocol-Version"] = "2026-07-28", ["Mcp-Name"] = call.name },
    })
    return assert(bosa.json.decode(table.concat(text))).result
  end

  --- Whether a request with this state counts as the user's answer.
  local function counts(...) return ask(...).resultType == "complete" end

  it("counts on every machine that has its secret, and nowhere else", function()
    local state = ask("one").requestState
    assert.is_true(counts("one", state))
    assert.is_true(counts("two", state))
    assert.is_false(counts("other", state))
    assert.is_false(counts("own", state))
  end)

  it("counts for all workers of a machine without one", function()
    for _ = 1, 20 do assert.is_true(counts("own", ask("own").requestState)) end
  end)

  it("counts for its user only, and unchanged", function()
    local state = ask("one").requestState
    local user = assert(hub:create_bosa_user("other" .. count .. "@example.com"))
    local other = assert(hub:authenticate_bosa_user(user.identifier, user.secret)).token
    assert.is_false(counts("one", state, nil, other))
    local name, ends, sign = state:match("^connect:(.*):(%d+):(%x+)$")
    for _, changed in ipairs({
      ("connect:%s:%d:%s"):format(name, ends + 1, sign), ("connect:github:%s:%s"):format(ends, sign),
      ("connect:%s:%s:"):format(name, ends), ("connect:%s:%s:%s"):format(name, ends, ("0"):rep(40)), sign, state:sub(2),
    }) do
      assert.is_false(counts("one", changed), changed)
    end
  end)
end)

describe("the protocol's second own client", function()
  local place, why

  setup(function()
    local said = os.tmpname()
    place = os.getenv("BOSA_BUILD") .. "/mcp-client-2"
    local made = os.execute(("tools/venv.sh %s mcp-2 mcp 2>%s"):format(command.quote(place), said))
    why = command.read_file(said)
    os.remove(said)
    if made ~= true and made ~= 0 then place = nil end
  end)

  it("connects an account by URL, and the call goes on after it, over nginx", function()
    if not place then return pending("the MCP SDK can't be had: " .. why) end
    local web = nginx.start({
      env = { API = sandbox.url, KEY = sandbox.key, TOKEN = token },
      http = [[
        lua_shared_dict bosa 10m;
        init_by_lua_block {
          mcp = require("bosa.mcp.http").new({ connectors = { "lab" }, token = os.getenv("TOKEN"),
            hub = require("bosa").new({ api_base_url = os.getenv("API"), api_key = os.getenv("KEY"),
              cache = ngx.shared.bosa }) })
        }
      ]],
      server = "location = /mcp { content_by_lua_block { mcp:handle() } }",
    })
    local seen = bosa.json.decode(command.output_of(("env -u LD_PRELOAD PYTHONDONTWRITEBYTECODE=1 %s/bin/python "
      .. "spec/mcp/accounts.py 2026-07-28 %s/mcp 2>&1"):format(command.quote(place), web.url)))
    local log = web.log()
    web.stop()
    assert.is_table(seen, log)
    assert.equal("url", seen.asked[1][1])
    assert.equal(1, #seen.asked)
    assert.is_false(seen.is_error)
  end)
end)
