--- Actions found by words, without a server that searches.
local bosa = require("bosa")
local command = require("spec.support.command")
local server = require("spec.support.server")
local shared = require("spec.support.shared")

local sandbox, hub, bin

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  bin = command.new(sandbox)
end)
teardown(function()
  bin:close()
  hub:close()
  sandbox.stop()
end)

--- A hub of a snapshot: connector -> action -> docstring, or { docstring, parameters by name }.
local function made_hub(connectors)
  local snapshot = {}
  for connector, actions in pairs(connectors) do
    snapshot[connector] = bosa.object({})
    for action, about in pairs(actions) do
      local parameters = type(about) == "table" and about[2] or bosa.object({})
      snapshot[connector][action] = {
        method = "POST", path = "/x", docstring = type(about) == "table" and about[1] or about,
        parameters = { request = { schema = { type = "object", properties = parameters } } },
        response = { type = "any" },
      }
    end
  end
  return bosa.new({ api_base_url = "http://127.0.0.1:9", api_key = "k", snapshot = snapshot })
end

local office = {
  post = {
    send_letter = "Send a letter to somebody.", list_letters = "List the letters of a box.",
    delete_letter = "Delete a letter.", create_box = "Make a box for letters.",
    get_stamp = { "What a stamp costs.", { country_code = { type = "string", description = "Where it goes" } } },
  },
  bank = { transfer_money = "Transfer money to an account.", list_accounts = "List the accounts.",
    ["admin/close-account"] = "Close an account." },
}

--- The actions that are found, as "connector.action", in order.
local function found(made, words, options)
  local list = {}
  for i, one in ipairs(assert(made:search_actions(words, options))) do list[i] = one.connector .. "." .. one.action end
  return list
end

describe("hub:search_actions", function()
  local made

  setup(function() made = made_hub(office) end)
  teardown(function() made:close() end)

  it("gives the action that does it first", function()
    for words, first in pairs({
      ["send a letter"] = "post.send_letter", ["list letters"] = "post.list_letters",
      ["transfer money"] = "bank.transfer_money", ["close account"] = "bank.admin/close-account",
      ["stamp country"] = "post.get_stamp", ["bank accounts"] = "bank.list_accounts",
    }) do
      assert.equal(first, found(made, words)[1], words)
    end
  end)

  it("knows words by their stems, nearly spelled, by their beginning and by the same deed", function()
    for words, first in pairs({
      ["listing leters"] = "post.list_letters", ["transfering"] = "bank.transfer_money",
      ["trasnfer"] = "bank.transfer_money",
      ["acounts"] = "bank.list_accounts", ["remove letter"] = "post.delete_letter", ["countr"] = "post.get_stamp",
      ["SendLetter"] = "post.send_letter", ["erase a letter, please"] = "post.delete_letter",
    }) do
      assert.equal(first, found(made, words)[1], words)
    end
  end)

  it("gives what is asked for, and in the same order each time", function()
    local one = made:search_actions("send letter")[1]
    assert.equal("post__send_letter", one.name)
    assert.equal("Send a letter to somebody.", one.description)
    assert.is_true(one.score > 0)
    assert.same(found(made, "letter"), found(made_hub(office), "letter"))
    assert.equal(2, #found(made, "letter", { limit = 2 }))
    assert.same({}, found(made, "letter", { connectors = { "bank" } }))
    assert.same({}, found(made, "send", { read_only = true, only = { "send*" } }))
    assert.equal("post.list_letters", found(made, "letter", { except = { "send*" }, read_only = true })[1])
    for _, words in ipairs({ "", "the of a", "xyzzy", "…", ("long "):rep(1000) }) do
      assert.same({}, found(made, words))
    end
  end)

  it("asks a server for schemas only, and once", function()
    local urls = {}
    local fresh = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key, on_event = function(event)
      if event.type == "request" then urls[#urls + 1] = event.connector or "server" end
    end })
    local drive = { connectors = { "google_drive" } }
    assert.equal("google_drive.delete_file", found(fresh, "delete file", drive)[1])
    assert.same({ "google_drive" }, urls)
    assert.equal("google_drive.search_files", found(fresh, "search files", drive)[1])
    assert.same({ "google_drive" }, urls)
    fresh:refresh_connector("google_drive")
    found(fresh, "file", drive)
    assert.same({ "google_drive", "google_drive" }, urls)
    fresh:close()
  end)

  it("says which connectors it could not search", function()
    local list, failed = hub:search_actions("issue", { connectors = { "github", "gitlab" } })
    assert.truthy(list[1])
    assert.equal("unknown_connector", failed.gitlab.kind)
    local nothing, err = hub:search_actions("issue", { connectors = { "gitlab" } })
    assert.is_nil(nothing)
    assert.equal("unknown_connector", err.kind)
    local away = bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = "k" })
    nothing, err = away:search_actions("issue")
    assert.is_nil(nothing)
    assert.equal("connection", err.kind)
    away:close()
  end)

  it("raises for misuse, at the caller's line", function()
    for _, given in ipairs({ { 5 }, { "x", 5 }, { "x", { nope = 1 } }, { "x", { limit = 0 } }, { "x", { limit = 1.5 } },
      { "x", { connectors = { 1 } } } }) do
      local ok, message = pcall(function() hub:search_actions(given[1], given[2]) end)
      assert.is_false(ok)
      assert.truthy(message:find("search_spec.lua:", 1, true), message)
    end
  end)

  if shared.path("schemas/github.json") then
    it("finds its way in real schemas", function()
      for _, try in ipairs({
        { "github", "list issues", "list_issues" }, { "github", "comment on an isue", "add_issue_comment" },
        { "github", "weekly commits", "get_weekly_commit_count" },
        { "github", "languages of a repo", "list_languages" },
        { "google_drive", "delete a file", "delete_file" }, { "google_drive", "copy", "copy_file" },
        { "google_drive", "convert doc to markdown", "get_markdown_content" },
        { "google_drive", "what changed yesterday", "list_recent_files_from_yesterday" },
      }) do
        local path = shared.path("schemas/" .. try[1] .. ".json")
        local real = bosa.new({ api_base_url = "http://127.0.0.1:9", snapshot = path })
        assert.equal(try[1] .. "." .. try[3], found(real, try[2])[1], try[2])
        real:close()
      end
    end)
  end
end)

describe("bosa search", function()
  it("shows actions, the best first", function()
    local out, err, code = bin:run({ "search", "list", "isues" })
    assert.equal("github\tlist_issues\tList the issues of a repository.", out:match("^[^\n]*"))
    assert.equal("", err)
    assert.equal(0, code)
    out = bin:run({ "search", "delete file", "--connector", "google_drive", "--json", "--limit", "1" })
    local list = bosa.json.decode(out)
    assert.equal(1, #list)
    assert.equal("google_drive__delete_file", list[1].name)
    out = bin:run({ "search", "delete file", "--connector", "google_drive", "--read-only", "--limit", "99" })
    assert.truthy(out:find("search_files", 1, true))
    assert.is_nil(out:find("delete_file", 1, true))
    assert.truthy(bin:on_terminal({ "search", "issues" }):find("Connector", 1, true))
  end)

  it("says what it could not search, and what is wrong", function()
    local out, err, code = bin:run({ "search", "issue", "--connector", "github", "--connector", "gitlab" })
    assert.truthy(out:find("list_issues", 1, true))
    assert.truthy(err:find("gitlab", 1, true))
    assert.equal(0, code)
    for _, try in ipairs({ { { "search" }, 4 }, { { "search", "x", "--limit", "0" }, 4 },
      { { "search", "x", "--connector", "gitlab" }, 4 } }) do
      out, err, code = bin:run(try[1])
      assert.equal("", out)
      assert.equal(try[2], code, err)
    end
  end)
end)
