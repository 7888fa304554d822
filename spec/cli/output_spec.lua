--- What is made of a response: --fields, --jq, --template; and what is told meanwhile: -v, the spinner.
local library = require("bosa")
local command = require("spec.support.command")
local wire = require("spec.support.wire")

local sandbox, bosa

setup(function() bosa, sandbox = command.start() end)
teardown(function() bosa:close() end)

local ISSUES = { "run", "github", "list_issues", "owner=lua", "repo=lua", "limit=2" }
local ISSUE = { "run", "github", "list_issues", "owner=lua", "repo=lua", "limit=1" }
local PAGES = { "run", "lab", "list_pages", "total=45", "--all" }

local with = command.with

--- Runs what goes well: its standard output.
local function output(words, options) return bosa:output(words, options) end

--- The issues as a pipe gets them.
local function issues() return assert(library.json.decode(output(ISSUES))) end

--- How often an action of lab has run under a key.
local function runs(key)
  return library.json.decode(output({ "run", "lab", "count", "key=" .. key })).count
end

describe("--fields", function()
  local cases = {
    { "deley_ms", "did you mean `delay_ms`?" }, { "nothing_like_it", "there are delay_ms, ok" },
  }
  for _, case in ipairs(cases) do
    it("says what was meant by " .. case[1], function()
      local _, err, code = bosa:run({ "run", "lab", "slow", "delay_ms=1", "--fields", "ok," .. case[1] })
      assert.equal(4, code)
      assert.matches("^bosa: %-%-fields: there is no field `" .. case[1] .. "`; [^\n]*\n$", err)
      assert.truthy(err:find(case[2], 1, true), err)
    end)
  end

  it("says what was meant within an object", function()
    local words = { "run", "lab", "unions", "shape.kind=circle", "shape.radius=1", "--fields" }
    local _, err, code = bosa:run(with(words, "shape.knd"))
    assert.equal(4, code)
    assert.matches("`shape.knd`; did you mean `shape.kind`?", err, 1, true)
    _, err, code = bosa:run({ "run", "lab", "list_pages", "limit=1", "--fields", "owner.logn" })
    assert.equal(4, code)
    assert.matches("`owner.logn`; leave --fields out to see what there is", err, 1, true) -- the server left all out
    output(with(words, "shape.radius"))
  end)

  it("says what was meant by what the server left out, by the schema", function()
    local _, err, code = bosa:run(with(ISSUES, "--fields", "titel"))
    assert.equal(4, code)
    assert.matches("did you mean `title`", err, 1, true)
  end)

  it("says so on a terminal and with --all", function()
    local screen, code = bosa:on_terminal(with(PAGES, "--fields", "id,nam"), { NO_COLOR = "1" })
    assert.equal(4, code)
    assert.matches("`nam`; did you mean `name`?", screen, 1, true)
    local out, err
    out, err, code = bosa:run(with(PAGES, "--fields", "id,nam"))
    assert.equal("", out)
    assert.matches("`nam`; did you mean `name`?", err, 1, true)
    assert.equal(4, code)
  end)

  it("has nothing against a field that one item alone has, or against an empty list", function()
    output(with(ISSUES, "--fields", "labels.name"))
    assert.equal("[]\n", output({ "run", "lab", "list_pages", "total=0", "--fields", "anything" }))
  end)
end)

describe("--jq", function()
  it("gets what a pipe would get", function()
    local titles = {}
    for i, issue in ipairs(issues()) do titles[i] = issue.title end
    assert.equal(table.concat(titles, "\n") .. "\n", output(with(ISSUES, "--jq", ".[].title")))
    assert.equal('{"number":' .. issues()[1].number .. "}\n", output(with(ISSUES, "--jq", ".[0] | {number}")))
    assert.equal("145\n", output(with(ISSUES, "--jq", "map(.number) | max", "--fields", "number")))
  end)

  it("gets each item by itself with --all, on a terminal, too", function()
    local wanted = {}
    for i = 1, 45 do wanted[i] = tostring(i) end
    assert.equal(table.concat(wanted, "\n") .. "\n", output(with(PAGES, "--jq", ".id")))
    assert.equal(table.concat(wanted, "\n") .. "\n", (bosa:on_terminal(with(PAGES, "--jq", ".id"))))
  end)

  it("writes into a file, whole or not at all", function()
    local path = bosa.dir .. "/numbers"
    output(with(ISSUES, "--jq", ".[].number", "-o", path))
    assert.matches("^%d+\n%d+\n$", command.read_file(path))
    os.remove(path)
    local _, err, code = bosa:run(with(ISSUES, "--jq", '.[] | error("on purpose")', "-o", path))
    assert.equal(1, code)
    assert.matches("on purpose", err)
    assert.is_nil(io.open(path))
  end)

  it("takes as much as there is", function()
    local out = output({ "run", "lab", "list_pages", "total=3000", "limit=100", "--all", "--jq", ".name * 100" })
    assert.equal(3000, select(2, out:gsub("\n", "")))
    assert.is_true(#out > 3000000)
  end)

  it("may end before it has read everything", function()
    command.write_file(bosa.dir .. "/jq", "#!/bin/sh\nhead -c 1 >/dev/null\n") -- as jq 1.7 does at `halt`
    os.execute("chmod +x " .. bosa.dir .. "/jq")
    local env = { PATH = bosa.dir .. ":" .. os.getenv("PATH") }
    local words = { "run", "lab", "list_pages", "total=20000", "limit=1000", "--all", "--jq", ".id" }
    local line = "env --default-signal=PIPE " .. bosa:line(words, env) .. " 2>&1; echo code=$?"
    assert.equal("code=0\n", command.output_of(line))
  end)

  it("writes a line of any length whole", function()
    local values = {}
    for i = 0, 299999 do values[i + 1] = i end
    local wanted = "[" .. table.concat(values, ",") .. "]\n" -- 2 MB
    local out = output(with(ISSUES, "--jq", "[range(300000)], 1"))
    assert.is_true(out == wanted .. "1\n", #out .. " bytes came")
  end)

  it("knows a wrong expression, or that jq is missing, before anything is sent", function()
    local small = { "run", "lab", "fault", "status=500", "key=jq" }
    local _, err, code = bosa:run(with(small, "--jq", ".["))
    assert.equal(4, code)
    assert.matches("^bosa: %-%-jq: [^\n]*syntax error[^\n]*\n$", err)
    bosa.env.PATH = "/nowhere"
    local lua = os.getenv("BOSA_LUA")
    if not lua:find("/", 1, true) then lua = command.output_of("command -v " .. lua):match("[^\n]+") end
    local line = bosa:line(with(small, "--jq", ".")):gsub(" %S+ bin/bosa ", " " .. lua .. " bin/bosa ")
    bosa.env.PATH = nil
    local text = command.output_of(line .. " 2>&1; echo code=$?")
    assert.matches("^bosa: %-%-jq needs the program jq: install it [^\n]*\ncode=1\n$", text)
    assert.equal(0, runs("jq"))
  end)

  it("is no option and no shell's word, whatever is in it", function()
    assert.equal("-1\n", output(with(ISSUES, "--jq=-1")))
    local evil = '"$(touch %s/made)`touch %s/made`; touch %s/made"'
    output(with(ISSUES, "--jq", (evil:gsub("%%s", bosa.dir))))
    assert.is_nil(io.open(bosa.dir .. "/made"))
  end)

  it("goes without --template", function()
    local _, err, code = bosa:run(with(ISSUES, "--jq", ".", "--template", "x"))
    assert.equal(4, code)
    assert.matches("exclude each other", err)
  end)
end)

describe("--template", function()
  it("is filled once for each item", function()
    local wanted = ""
    for _, issue in ipairs(issues()) do
      wanted = ("%s%d\t%s {%s}\n"):format(wanted, issue.number, issue.title, issue.user.login)
    end
    assert.equal(wanted, output(with(ISSUES, "--template", "{number}\\t{title} \\{{user.login}\\}\\n")))
    assert.equal(wanted, (bosa:on_terminal(with(ISSUES, "--template", "{number}\\t{title} \\{{user.login}\\}\\n"))))
    assert.equal(("."):rep(45), output(with(PAGES, "--template", ".")))
    assert.matches("^145 {.*\"title\":.*}\n$", output(with(ISSUE, "--template", "{number} {}\\n")))
  end)

  it("is filled once for what is no list", function()
    assert.equal("true\\\n", output({ "run", "lab", "slow", "delay_ms=1", "--template", "{ok}\\\\\\n" }))
    assert.equal('{"delay_ms":1,"ok":true}', output({ "run", "lab", "slow", "delay_ms=1", "--template", "{}" }))
  end)

  it("has the values that items of a list have, false too, and passes over those that lack one", function()
    local object = 'object:={"a":[{"n":1},{"on":false},{"on":true,"in":[{"x":"p"},{"x":"q"}]},{"in":[{"x":"r"}]}]}'
    local template = "{body.object.a.on} {body.object.a.in.x}."
    assert.equal("false, true p, q, r.", output({ "run", "lab", "echo", object, "--template", template }))
  end)

  it("says what is wrong with it", function()
    for _, text in ipairs({ "{number", "number}", "\\x", "{a..b}", "\\" }) do
      local out, err, code = bosa:run(with(ISSUES, "--template", text))
      assert.equal("", out)
      assert.equal(4, code)
      assert.matches("^bosa run: %-%-template: [^\n]+\n$", err)
    end
    local _, err, code = bosa:run({ "run", "lab", "slow", "delay_ms=1", "--template", "{oks}" })
    assert.equal(4, code)
    assert.matches("`oks`; did you mean `ok`?", err, 1, true)
  end)
end)

describe("a hostile response", function()
  local hostile, cli
  setup(function()
    hostile = wire.start_hostile()
    cli = command.new({ url = hostile.url, key = "sk-client-x", token = "jwt" })
  end)
  teardown(function()
    cli:close()
    hostile.stop()
  end)

  for _, words in ipairs({ { "--jq", ".[].id" }, { "--jq", "." }, { "--template", "{id} {name}\\n" }, { "--all" },
    { "--fields", "id,nam" }, { "--all", "--jq", ".id" } }) do
    it("is harmless on a terminal with " .. table.concat(words, " "), function()
      local screen = cli:on_terminal(with({ "run", "evil", "act", "case=list" }, (table.unpack or unpack)(words)),
        { NO_COLOR = "1" }):gsub("\r\27%[K", "")
      assert.is_truthy(screen:find("%S"))
      assert.is_nil(screen:find("[%z\1-\8\11-\31\127]"))
      assert.is_nil(screen:find("\194[\128-\159]"))
      assert.is_nil(screen:find("\226\128[\142\143\168-\174]"))
    end)
  end
end)

describe("-v", function()
  it("tells method, address, status, bytes and times, and no secret", function()
    local _, err = bosa:run({ "-v", "run", "lab", "small" })
    assert.matches("bosa: lab%.small: POST " .. sandbox.url:gsub("%p", "%%%0") .. "/%S+\n", err)
    assert.matches("bosa: lab%.small: status 200, [%d.]+ %a+ up, [%d.]+ %a+ down, [^\n]*total [%w. ]*%d ms\n", err)
    for _, secret in ipairs({ sandbox.key, sandbox.token }) do assert.is_nil(err:find(secret, 1, true)) end
  end)

  it("tells a URL without its query", function()
    local _, err = bosa:run({ "-v", "actions", "lab" }, { env = { XDG_CACHE_HOME = command.missing } })
    assert.matches("bosa: lab: GET %S+/connectors/\n", err)
  end)

  it("tells what kind of error ended it", function()
    local _, err = bosa:run({ "-v", "--api-url", "http://127.0.0.1:1", "connectors" })
    assert.matches("bosa: server: GET http://127%.0%.0%.1:1/%S+\n", err)
    assert.matches("bosa: server: no response, connection", err)
  end)
end)

describe("a spinner", function()
  it("shows that the server is waited for, and is wiped away", function()
    local screen, _, all = bosa:on_terminal({ "run", "lab", "slow", "delay_ms=1500" }, { NO_COLOR = "1" })
    assert.matches("^\r\27%[K[^\n]*waiting for the server", all)
    assert.equal('{\n  "delay_ms": 1500,\n  "ok": true\n}\n', (all:gsub("\r\27%[K[^\n{]*", "")))
    assert.equal('{\n  "delay_ms": 1500,\n  "ok": true\n}\n', screen)
  end)

  it("is only for terminals, and for what takes its time", function()
    local _, err = bosa:run({ "run", "lab", "slow", "delay_ms=1500" })
    assert.equal("", err)
  end)
end)

describe("a standard output that is closed", function()
  it("is known before anything is done whose result would be lost", function()
    local closed = "bosa: can't write to standard output: bad file descriptor\nexit 1\n"
    for _, words in ipairs({ "run lab echo key=closed", "watch lab list_pages --rounds 1", "users create nobody" }) do
      assert.equal(closed, (bosa:shell(("bosa %s >&- && code=0 || code=$?; echo exit $code >&2"):format(words))), words)
    end
    assert.equal(0, runs("closed"))
    assert.matches("^Username: nobody\n", output({ "users", "create", "nobody" }))
    local path = bosa.dir .. "/written"
    assert.equal("", (bosa:shell(("bosa run lab echo text=x -o %s >&-"):format(path))))
    assert.matches('"x"', command.read_file(path))
  end)
end)
