--- What a hostile server says reaches a terminal as text: no command, no column and no error lets it be obeyed.

local bosa = require("bosa")
local command = require("spec.support.command")
local wire = require("spec.support.wire")

local server, cli

setup(function()
  server = wire.start_hostile()
  cli = command.new({ url = server.url, key = "sk-client-x", token = "jwt" })
end)
teardown(function()
  cli:close()
  server.stop()
end)

local OBEYED = {
  ESC = "\27", BEL = "\7", CR = "\r", DEL = "\127", C1 = "\194[\128-\159]", ["a lone C1 byte"] = "[%z\1-\127\155]\155",
  ["U+061C"] = "\216\156", ["a mark or an override"] = "\226\128[\142\143\168-\174]",
  ["an isolate"] = "\226\129[\166-\169]",
}

local function assert_harmless(text, what)
  for name, pattern in pairs(OBEYED) do
    local at = text:find(pattern)
    if at then error(("%s: %s in %q"):format(what, name, text:sub(math.max(1, at - 60), at + 20)), 2) end
  end
end

--- Without what the command itself writes to wipe a line away.
local function without_own(text) return (text:gsub("\r\27%[K", "")) end

local HUMAN = { -- words, and what is typed
  { { "connectors" } },
  { { "actions", "evil" } },
  { { "help", "evil" } },
  { { "help", "evil", "act" } },
  { { "run", "evil", "act", "case=line" } },
  { { "run", "evil", "act", "case=page" } },
  { { "run", "evil", "act", "case=error" } },
  { { "-v", "run", "evil", "act", "case=error", "status=404" } },
  { { "run", "evil", "act", "case=error", "status=422" } },
  { { "run", "evil", "act", "case=error", "status=500" } },
  { { "run", "evil", "act" } },
  { { "run", "evil", "act", "case=x", "choice=y" } },
  { { "run", "evil", "act", "case=x", "tags=y" } },
  { { "run", "evil", "act", "case=x", "p=y" } },
  { { "users", "create", "me" } },
  { { "auth", "login" }, "sk-client-x\nme\nsk-user-x\n" },
  { { "auth", "status" }, env = { BOSA_API_KEY = false, BOSA_TOKEN = false } },
  { { "integrations" } },
  { { "integrations", "show", "evil" } },
  { { "integrations", "show", "evil", "me" } },
  { { "integrations", "select", "evil", "me" } },
  { { "integrations", "remove", "evil", "me", "--yes" } },
  { { "integrations", "add", "evil", "--no-wait" } },
  { { "integrations", "add", "none", "--no-wait" } },
  { { "catalog", "tools" } },
  { { "catalog", "mcps" } },
  { { "catalog", "skills" } },
  { { "catalog", "search", "x" } },
  { { "skills", "list" } },
  { { "skills", "show", "00000000-0000-4000-8000-000000000000" } },
  { { "skills", "install", "00000000-0000-4000-8000-000000000000" } },
  { { "skills", "install", "no\27]52;c;x\7such" } },
  { { "mcp", "none" } },
  { { "mcp", "n\27]52;c;x\7" } },
  { { "frob\27]52;c;x\7" } },
  { { "run", "evil", "act", "--timeout", "\27]52;c;x\7" } },
  { { "repl", "evil" }, 'evil:act{ case = "list" }\nevil:act{ case = "object" }\nevil:act{ case = "text" }:get_data()\n'
    .. 'evil:act{ case = "error" }\nevil:action("act"):params{ case = "list" }\nevil.act\nhelp("evil", "act")\n'
    .. 'hub:get_user_info("jwt")\nhub:authenticate("me", "x")\n' },
}
local JSON = { -- exact in a pipe, harmless on a terminal
  { "run", "evil", "act", "case=list", "--json" }, { "run", "evil", "act", "case=object" },
  { "run", "evil", "act", "case=text" }, { "actions", "evil", "--json" }, { "connectors", "--json" },
  { "users", "create", "me", "--json" }, { "integrations", "show", "evil", "--json" }, { "snapshot", "evil" },
  { "catalog", "tools", "--json" }, { "catalog", "search", "x", "--json" }, { "skills", "list", "--json" },
}
local SHOWN = { { "run", "evil", "act", "case=list" }, { "types", "evil" } } -- on a terminal

describe("what a hostile server says", function()
  for _, case in ipairs(HUMAN) do
    local name = "bosa " .. table.concat(case[1], " "):gsub("%c", "?")
    it("is harmless in a pipe: " .. name, function()
      local out, err = cli:run(case[1], { stdin = case[2], env = case.env })
      assert_harmless(out, "stdout")
      assert_harmless(err, "stderr")
      assert.is_truthy((out .. err):find("%S"))
    end)
    if not case[2] then
      it("is harmless on a terminal: " .. name, function()
        local env = { NO_COLOR = "1" }
        for key, value in pairs(case.env or {}) do env[key] = value end
        assert_harmless(without_own(cli:on_terminal(case[1], env)), "the terminal")
      end)
    end
  end

  for _, words in ipairs(JSON) do
    local name = "bosa " .. table.concat(words, " ")
    it("is exact as JSON in a pipe: " .. name, function()
      local out, _, code = cli:run(words)
      assert.equal(0, code)
      local text = bosa.json.encode(assert(bosa.json.decode(out)))
      assert.matches("\194\155", text, 1, true)
      assert.matches("\226\128\174bidi", text, 1, true)
    end)
    it("is harmless as JSON on a terminal: " .. name, function()
      local screen = without_own(cli:on_terminal(words, { NO_COLOR = "1" }))
      assert_harmless(screen, "the terminal")
      if words[1] ~= "snapshot" then
        assert.matches("\\u202ebidi", bosa.json.encode(screen):gsub("\\\\", "\\"), 1, true)
      end
    end)
  end

  for _, words in ipairs(SHOWN) do
    it("is harmless on a terminal: bosa " .. table.concat(words, " "), function()
      assert_harmless(without_own(cli:on_terminal(words, { NO_COLOR = "1" })), "the terminal")
    end)
  end

  it("is harmless in the question for a secret", function()
    local record = cli.dir .. "/record"
    local line = command.quote(cli:line({ "integrations", "add", "form" }, { NO_COLOR = "1" }))
    local terminal = cli:terminal(("script -qec %s %s; echo code=$?"):format(line, record))
    finally(function() terminal:close() end)
    terminal:wait_for("password")
    terminal:press("C-c")
    terminal:wait_for("code=130")
    local screen = command.read_file(record):gsub("\r\n", "\n")
    assert.matches("bidi", screen, 1, true)
    assert_harmless(without_own(screen), "the terminal")
  end)

  it("may hold entries of lists that are none", function()
    for _, words in ipairs({
      { "catalog", "tools" }, { "catalog", "mcps" }, { "catalog", "skills" }, { "catalog", "search", "x" },
      { "skills", "list" },
    }) do
      local out, err, code = cli:run(words)
      assert.same({ "", 0 }, { err, code })
      assert.matches("bidi", out, 1, true)
    end
    for _, name in ipairs({ "none", "odd" }) do -- those of that name have no id
      for _, verb in ipairs({ "install", "show" }) do
        local _, err, code = cli:run({ "skills", verb, name })
        assert.matches(("there is no skill `%s`"):format(name), err, 1, true)
        assert.equal(5, code)
      end
    end
  end)

  it("may be no integration", function()
    for _, name in ipairs({ "text", "list" }) do
      local out, err, code = cli:run({ "integrations", "show", "evil", name })
      assert.same({ "", 5 }, { out, code })
      assert.matches("malformed response: it has no integration", err, 1, true)
    end
  end)

  it("has no style of its own among the command's", function()
    local all = { { "auth", "status" }, { "run", "evil", "act", "case=list" }, { "users", "create", "me" } }
    for _, words in ipairs(all) do
      local screen = cli:on_terminal(words, { BOSA_API_KEY = "sk-client-x" })
      assert.is_nil(screen:find("\27%[31m"))
      assert.is_nil(screen:find("\27]", 1, true))
    end
  end)

  it("names no file outside, nor with what a terminal obeys", function()
    local dir = cli.dir .. "/files"
    os.execute("mkdir -p " .. dir)
    local line = cli:line({ "run", "evil", "act", "case=file" }, { NO_COLOR = "1" })
      :gsub(" bin/bosa ", function() return " " .. command.quote(command.top .. "/bin/bosa") .. " " end)
    command.write_file(cli.dir .. "/line", ("cd %s; %s"):format(dir, line))
    os.execute(("script -qec 'sh %s/line' /dev/null </dev/null >%s/out"):format(cli.dir, cli.dir))
    assert_harmless(without_own(command.read_file(cli.dir .. "/out"):gsub("\r\n", "\n")), "the terminal")
    local names = command.output_of("ls -b " .. dir)
    assert.matches("^n[^\n]*%.txt\n$", names)
    assert.is_nil(names:find("\\[0-7]"))
  end)

  it("is one line in err, code and reference", function()
    local hub = bosa.new({ api_base_url = server.url, api_key = "sk-client-x", token = "jwt" })
    for _, status in ipairs({ 400, 401, 404, 422, 429, 500 }) do
      local _, err = hub:run("evil", "act", { case = "error", status = status })
      assert_harmless(err.message, "message")
      assert_harmless(err.code, "code")
      assert_harmless(tostring(err), "tostring")
      assert.is_nil(err.code:find("%c"))
      assert.is_nil(err.reference_id)
    end
    local _, err = hub:run("evil", "act", { case = 5, choice = "x" })
    for _, fault in ipairs(err.details) do assert_harmless(fault.message, "details") end
    assert_harmless(tostring(err), "tostring")
    hub:close()
  end)
end)
