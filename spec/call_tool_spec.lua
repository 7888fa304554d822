--- hub:call_tool: what a model's call of a tool does, and what the model is told of it.
local bosa = require("bosa")
local command = require("spec.support.command")
local made_hub = require("spec.support.made_hub")
local names = require("bosa.tools.names")
local server = require("spec.support.server")

local sandbox, hub, dir

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  dir = sandbox.directory()
end)
teardown(function() sandbox.stop() end)

describe("hub:call_tool", function()
  it("runs what the name stands for, with text or a table", function()
    local written = '{"text":"hello","list":[1,{}]}'
    for _, arguments in ipairs({ written, { text = "hello", list = { 1, bosa.object({}) } } }) do
      local r = hub:call_tool("lab__echo", arguments)
      assert.is_false(r.is_error)
      local seen = bosa.json.decode(r.content).data.body
      assert.equal("hello", seen.text)
      assert.equal('[1,{}]', bosa.json.encode(seen.list))
      assert.equal("hello", r.response.data.body.text)
    end
    assert.is_false(hub:call_tool("lab__no_params").is_error)
    assert.is_false(hub:call_tool("lab__no_params", "").is_error)
    assert.is_false(hub:call_tool("lab__admin-x2frevoke", "{}").is_error)
    assert.is_false(hub:call_tool("lab__get-users", bosa.null).is_error)
  end)

  it("keeps whole numbers of 64 bits on their way in", function()
    local r = hub:call_tool("lab__integers", '{"value":9007199254740993}')
    assert.truthy(r.content:find("9007199254740993", 1, true))
  end)

  it("takes the options of a run", function()
    local r = hub:call_tool("lab__echo", {}, { identifier = "me@example.com", headers = { ["X-Mine"] = "yes" } })
    assert.truthy(r.content:find("me@example.com", 1, true))
    assert.truthy(r.content:find("X%-Mine"))
    r = hub:call_tool("lab__slow", { delay_ms = 60000 }, { timeout = 0.05 })
    assert.equal("timeout", r.error.kind)
  end)

  it("says how to get the next page", function()
    local first = bosa.json.decode(hub:call_tool("lab__list_pages", { limit = 2 }).content)
    assert.equal(2, #first.data)
    assert.same({ page = 2 }, first.next_page)
    local arguments, seen = { limit = 40 }, 0
    repeat
      local page = bosa.json.decode(hub:call_tool("lab__list_cursor", arguments).content)
      seen = seen + #page.data
      for name, value in pairs(page.next_page or {}) do arguments[name] = value end
    until not page.next_page
    assert.equal(95, seen)
  end)

  describe("of wrong arguments", function()
    local function refused(name, arguments, options)
      local r = hub:call_tool(name, arguments, options)
      assert.is_true(r.is_error)
      return r.content
    end

    it("names every fault", function()
      local text = refused("lab__keywords", { level = 40, colour = "pink" })
      assert.truthy(text:find("nothing was done", 1, true))
      assert.truthy(text:find("\n- missing parameter `name`", 1, true))
      assert.truthy(text:find("\n- `level`: expected at most 10; got 40", 1, true))
      assert.truthy(text:find("`colour`", 1, true) and text:find("green", 1, true))
    end)

    it("tells of text that is no JSON object", function()
      assert.truthy(refused("lab__echo", '{"text":'):find("no JSON", 1, true))
      for _, arguments in ipairs({ "[]", "[1]", '"text"', "5", "true" }) do
        assert.truthy(refused("lab__echo", arguments):find("must be a JSON object", 1, true))
      end
      assert.truthy(refused("lab__echo", { "a" }):find("must be a JSON object", 1, true))
    end)

    it("tells of a tool that there isn't", function()
      for _, name in ipairs({ "lab__list_page", "nothing__here", "echo", "", "lab__echo\n", ("x"):rep(300) }) do
        assert.truthy(refused(name, {}):find("tools that are listed", 1, true), name)
      end
    end)

    it("runs nothing where files can't be saved", function()
      local key = "call_tool_spec unsaved"
      for _, directory in ipairs({ "/dev/null", "/dev/null/below" }) do
        local r = hub:call_tool("lab__echo", { key = key }, { files = directory })
        assert.is_true(r.is_error)
        assert.same({ "file", "no" }, { r.error.kind, r.error.sent })
        assert.truthy(r.content:find("cannot write `" .. directory .. "`", 1, true), r.content)
      end
      assert.equal(0, hub:run("lab", "count", { key = key }).data.count)
    end)

    it("offers no more than it is let", function()
      local key = "call_tool_spec refused"
      refused("lab__echo", { key = key }, { only = { "list_*" } })
      refused("lab__echo", { key = key }, { read_only = true })
      assert.equal(0, hub:run("lab", "count", { key = key }).data.count)
      assert.is_false(hub:call_tool("lab__echo", { key = key }, { only = { "lab.e*" } }).is_error)
    end)
  end)

  describe("of a failure", function()
    local function failed(arguments, options)
      local r = hub:call_tool("lab__fault", arguments, options)
      assert.is_true(r.is_error)
      assert.is_nil(r.content:find(sandbox.key, 1, true))
      assert.is_nil(r.content:find(sandbox.token, 1, true))
      return r.content, r.error
    end

    it("says whether calling again makes sense", function()
      assert.truthy(failed({ status = 401 }):find("Calling again does not help", 1, true))
      assert.truthy(failed({ status = 429, retry_after = "7" }):find("Wait 7 seconds", 1, true))
      assert.truthy(failed({ status = 422 }):find("Correct the arguments", 1, true))
      assert.truthy(failed({ status = 500 }):find("may have been carried out", 1, true))
      assert.truthy(failed({ connection = "reset" }):find("may have been carried out", 1, true))
    end)

    it("says that nothing was sent where nothing was", function()
      local away = bosa.new({ api_base_url = "http://127.0.0.1:1", api_key = "k" })
      local renamed = { connectors = { "lab" }, change = function(tool) return tool end }
      local cut = names.encode("lab", ("x"):rep(70))
      for _, case in ipairs({ { "lab__echo" }, { cut }, { cut, { connectors = { "lab" } } }, { "mine", renamed } }) do
        local r = away:call_tool(case[1], {}, case[2])
        assert.equal("connection", r.error and r.error.kind, r.content)
        assert.truthy(r.content:find("Nothing was sent", 1, true))
      end
    end)

    it("holds the error object", function()
      local _, err = failed({ status = 503 })
      assert.equal("server", err.kind)
      assert.equal(503, err.status)
    end)
  end)

  describe("of a long answer", function()
    it("shows whole items, and says how to see the others", function()
      local r = hub:call_tool("github__list_issues", { owner = "lua", repo = "lua", limit = 50 }, { max_length = 3000 })
      local shown = bosa.json.decode(r.content)
      assert.is_true(#shown.data > 0 and #shown.data < 50)
      assert.truthy(shown.note:find(("Only %d of the 50 items"):format(#shown.data), 1, true))
      assert.truthy(shown.note:find(("`limit` = %d"):format(#shown.data), 1, true))
      assert.truthy(shown.note:find("response_fields", 1, true))
      assert.is_true(#r.content < 3000 + 1000)
      local again = hub:call_tool("github__list_issues", { owner = "lua", repo = "lua", limit = #shown.data },
        { max_length = 3000 })
      assert.is_nil(bosa.json.decode(again.content).note)
    end)

    it("is cut where it is no list, but not within a character", function()
      for most = 40, 60 do
        local r = hub:call_tool("lab__unions", { shape = { kind = "circle", radius = 1 }, id = ("ü"):rep(500) },
          { max_length = most })
        assert.is_false(r.is_error)
        assert.truthy(r.content:find("^%[Only the first %d+ of 1%d%d%d bytes"), r.content)
        assert.truthy(bosa.json.encode(r.content))
      end
    end)

    it("is whole in a file, where there is a directory", function()
      local r = hub:call_tool("github__list_issues", { owner = "lua", repo = "lua", limit = 50 },
        { max_length = 3000, files = dir })
      local shown = bosa.json.decode(r.content)
      assert.truthy(shown.note:find(shown.whole.path, 1, true))
      assert.equal(50, #bosa.json.decode(command.read_file(shown.whole.path)))
      assert.equal(shown.whole.size, #command.read_file(shown.whole.path))
      assert.equal(dir .. "/", shown.whole.path:sub(1, #dir + 1))
      r = hub:call_tool("lab__unions", { shape = { kind = "circle", radius = 1 }, id = ("x"):rep(500) },
        { max_length = 100, files = dir })
      assert.truthy(r.content:find(r.structured.whole.path, 1, true))
      assert.equal(500, #bosa.json.decode(command.read_file(r.structured.whole.path)).id)
    end)

    it("is as a table what it is as text", function()
      local r = hub:call_tool("github__list_issues", { owner = "lua", repo = "lua", limit = 50 }, { max_length = 3000 })
      assert.same(bosa.json.decode(r.content), r.structured)
      r = hub:call_tool("lab__keywords", { name = "a" })
      assert.same(bosa.json.decode(r.content), r.structured)
      assert.is_nil(hub:call_tool("lab__keywords", {}).structured)
    end)

    it("is 50000 bytes unless told otherwise", function()
      local r = hub:call_tool("lab__list_bytes", { bytes = 200000 })
      assert.truthy(bosa.json.decode(r.content).note)
      assert.is_true(#r.content > 40000 and #r.content < 52000)
    end)
  end)

  describe("of files", function()
    it("takes a directory with or without a slash at its end", function()
      command.write_file(dir .. "/up.txt", "twelve bytes")
      local shown = bosa.json.decode(hub:call_tool("lab__download", { bytes = 4 }, { files = dir .. "/" }).content)
      local r = hub:call_tool("lab__upload", { file = shown.file.path }, { files = dir .. "/" })
      assert.equal(4, bosa.json.decode(r.content).data.size, r.content)
    end)

    it("describes one that comes, and never shows its bytes", function()
      local r = hub:call_tool("lab__download", { bytes = 5000, filename = "a.bin" })
      local shown = bosa.json.decode(r.content)
      assert.same({ filename = "a.bin", size = 5000, content_type = "application/octet-stream" }, shown.file)
      assert.truthy(shown.note)
      assert.is_true(#r.content < 500)
    end)

    it("shows one that is a short text, with a directory or without", function()
      local files = { text = "a,b\n1,ü\n", bytes = "a\0b", not_text = "\255\254" }
      local kinds = { ["text/csv; charset=utf-8"] = true, ["application/json"] = true, ["image/png"] = false }
      for kind, fine in pairs(kinds) do
        for name, body in pairs(files) do
          local made = made_hub({ run = false }, function()
            return { status = 200, body = body, headers = {
              ["Content-Type"] = kind, ["Content-Disposition"] = "attachment; filename=it.csv",
            } }
          end)
          for _, options in ipairs({ {}, { files = dir } }) do
            local r = made:call_tool("made__run", {}, options)
            assert.is_false(r.is_error, r.content)
            local shown = bosa.json.decode(r.content)
            assert.equal(fine and name == "text" and body or nil, shown.file.text, kind .. " " .. name)
            assert.equal(options.files ~= nil, shown.file.path ~= nil)
            assert.equal(shown.file.size, r.structured.file.size)
          end
          made:close()
        end
      end
      local long = made_hub({ run = false }, function()
        return { status = 200, body = ("x"):rep(30000), headers = { ["Content-Type"] = "text/plain" } }
      end)
      assert.is_nil(bosa.json.decode(long:call_tool("made__run").content).file.text)
      long:close()
    end)

    it("saves it in the directory, under a safe name", function()
      local shown = bosa.json.decode(hub:call_tool("lab__download", { bytes = 300, filename = "../b.bin" },
        { files = dir }).content)
      assert.equal(dir .. "/b.bin", shown.file.path)
      assert.equal(300, #command.read_file(dir .. "/b.bin"))
    end)

    it("says when it can't be saved", function()
      local gone = dir .. "/gone"
      assert(os.execute("mkdir " .. gone))
      local made = made_hub({ run = false }, function()
        os.execute("rmdir " .. gone)
        return { status = 200, body = "x", headers = { ["Content-Type"] = "application/octet-stream" } }
      end)
      local r = made:call_tool("made__run", nil, { files = gone })
      made:close()
      assert.is_true(r.is_error)
      assert.truthy(r.content:find("carried out, but its file can't be saved", 1, true))
    end)

    it("sends those that paths below the directory name", function()
      command.write_file(dir .. "/up.txt", "twelve bytes")
      for _, path in ipairs({ "up.txt", dir .. "/up.txt" }) do
        local r = hub:call_tool("lab__upload", { file = path }, { files = dir })
        assert.equal(12, bosa.json.decode(r.content).data.size, r.content)
      end
      local r = hub:call_tool("lab__echo_form", { files = { "up.txt", "up.txt" } }, { files = dir })
      assert.equal(2, #bosa.json.decode(r.content).data.parts)
      assert.is_true(hub:call_tool("lab__upload", { file = "gone.txt" }, { files = dir }).is_error)
    end)

    it("sends no other", function()
      for _, path in ipairs({ "/etc/passwd", "../up.txt", "a/../../up.txt", "", "..", dir .. "/../up.txt", "a\0b" }) do
        local r = hub:call_tool("lab__upload", { file = path }, { files = dir })
        assert.truthy(r.content:find("the path must be relative", 1, true), r.content)
      end
      assert.truthy(hub:call_tool("lab__upload", { file = "/etc/passwd" }).content:find("can't be given here", 1, true))
      assert.truthy(hub:call_tool("lab__echo_form", { files = { "/etc/passwd" } }).is_error)
    end)
  end)

  it("finds an action whose name was cut", function()
    local long = ("do_something_with_it_"):rep(4)
    local made = made_hub({ [long .. "a"] = false, [long .. "b"] = false })
    for _, tool in ipairs(made:connect("made"):tools({ format = "mcp" })) do
      local r = made:call_tool(tool.name, {})
      assert.is_false(r.is_error, r.content)
    end
    assert.is_true(made:call_tool(names.encode("made", long .. "c"), {}).is_error)
  end)

  it("runs hooks, and shows what they made of the answer", function()
    local hooked = sandbox.hub({
      after = function(response) response.data[1].id = "changed" end })
    local r = hooked:call_tool("lab__list_pages", { limit = 1 })
    assert.equal("changed", bosa.json.decode(r.content).data[1].id)
    hooked:close()
  end)

  it("raises for misuse, at the caller's line", function()
    for _, given in ipairs({ { 5 }, { "x", {}, { nope = 1 } }, { "x", {}, { max_length = 0 } }, { "x", {}, 5 } }) do
      local ok, message = pcall(function() hub:call_tool(given[1], given[2], given[3]) end)
      assert.is_false(ok)
      assert.truthy(message:find("call_tool_spec.lua:", 1, true), message)
    end
  end)
end)
