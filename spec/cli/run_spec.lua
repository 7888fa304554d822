local library = require("bosa")
local command = require("spec.support.command")

local sandbox, bosa

setup(function() bosa, sandbox = command.start() end)
teardown(function() bosa:close() end)

local function decode(text)
  local value, err = library.json.decode(text)
  assert.is_nil(err)
  return value
end

local lines = command.lines

--- Runs an action that answers what it got: the parameters as the server saw them.
local function echo(action, ...)
  local out = bosa:output({ "run", "lab", action, ... })
  return action == "echo" and decode(out).body or decode(out)
end

describe("parameters of bosa run", function()
  it("are typed by the schema", function()
    assert.same({ number = 2.5, text = "2.5" }, echo("echo", "number=2.5", "text=2.5"))
    assert.same({ text = "true" }, echo("echo", "text=true"))
    assert.same({ text = "" }, echo("echo", "text="))
    assert.same({ text = "a=b:=c@d" }, echo("echo", "text=a=b:=c@d"))
    assert.is_true(echo("unions", "shape.kind=circle", "shape.radius=1", "when=true").when)
    assert.equal(3, echo("unions", "shape.kind=circle", "shape.radius=1", "when=3").when)
  end)

  it("stay text where the schema takes text as well as a number", function()
    assert.equal("5", echo("unions", "shape.kind=circle", "shape.radius=1", "id=5").id)
  end)

  it("are lists when their name is repeated", function()
    assert.same({ list = { "a", "b" } }, echo("echo", "list=a", "list=b"))
    assert.same({ list = { "a" } }, echo("echo", "list=a"))
  end)

  it("are JSON behind :=", function()
    assert.same({ object = { a = { 1, 2 } }, list = { "x", 1 } }, echo("echo", 'object:={"a":[1,2]}', 'list:=["x",1]'))
  end)

  it("come from a file or from standard input", function()
    command.write_file(bosa.dir .. "/p.json", '{"text":"from a file","number":1}')
    assert.same({ text = "from a file", number = 1 }, echo("echo", "--input", bosa.dir .. "/p.json"))
    command.write_file(bosa.dir .. "/o.json", '{"x":1}')
    assert.same({ object = { x = 1 } }, echo("echo", "object:=@" .. bosa.dir .. "/o.json"))
    local out = bosa:run({ "run", "lab", "echo", "--input", "-" }, { stdin = '{"text":"piped"}' })
    assert.same({ text = "piped" }, decode(out).body)
  end)

  it("come from standard input once only", function()
    local _, err, code = bosa:run({ "run", "lab", "upload", "--input", "-", "file@-" }, { stdin = "{}" })
    assert.equal("bosa: --input and file@- both read standard input, which can be read once\n", err)
    assert.equal(4, code)
  end)

  it("win over those of --input", function()
    local path = bosa.dir .. "/i.json"
    command.write_file(path, '{"text":"a file","number":1,"list":["a","b"],"object":{"x":1}}')
    local seen = echo("echo", "--input", path, "text=the line", "list=c", "list=d")
    assert.same({ text = "the line", number = 1, list = { "c", "d" }, object = { x = 1 } }, seen)
    assert.same({ y = 2 }, echo("echo", "--input", path, 'object:={"y":2}').object)
    command.write_file(path, '{"shape":{"kind":"circle","radius":1},"id":"1"}')
    seen = echo("unions", "--input", path, "shape.radius=2", "id=2")
    assert.same({ shape = { kind = "circle", radius = 2 }, id = "2" }, seen)
    command.write_file(path, '{"shape":null}')
    assert.same({ kind = "circle", radius = 2 },
      echo("unions", "--input", path, "shape.kind=circle", "shape.radius=2").shape)
    command.write_file(path, '{"text":"a file"}')
    for _, words in ipairs({ { "text=a", "text=b" }, { 'object:={"x":1}', "object:={}" } }) do
      local _, err, code = bosa:run({ "run", "lab", "echo", "--input", path, (table.unpack or unpack)(words) })
      assert.equal(4, code)
      assert.matches("given twice", err)
    end
  end)

  it("add nothing to what another word gave whole", function()
    local function refused(action, ...)
      local out, err, code = bosa:run({ "run", "lab", action, ... })
      assert.equal("", out)
      assert.equal(4, code)
      return err
    end
    for _, value in ipairs({ "1", '"x"', "null", "{}", '{"a":1}', "[]", '["a"]' }) do
      assert.matches("list is given twice", refused("echo", "list:=" .. value, "list=b"))
      assert.matches("list is given twice", refused("echo", "list=b", "list:=" .. value))
    end
    for _, value in ipairs({ "1", '"x"', "null", "[]", '["a"]' }) do
      assert.matches("shape is no object", refused("unions", "shape:=" .. value, "shape.radius=1"))
    end
    assert.same({ kind = "circle", radius = 2 }, echo("unions", 'shape:={"kind":"circle"}', "shape.radius=2").shape)
    local path = bosa.dir .. "/i.json"
    for _, value in ipairs({ "1", "null", "[]", '["a"]' }) do
      command.write_file(path, '{"list":' .. value .. "}")
      assert.same({ "b" }, echo("echo", "--input", path, "list=b").list)
      command.write_file(path, '{"shape":' .. value .. "}")
      assert.same({ kind = "circle", radius = 2 },
        echo("unions", "--input", path, "shape.kind=circle", "shape.radius=2").shape)
    end
  end)

  it("lead into objects with dots", function()
    local shape = echo("unions", "shape.kind=circle", "shape.radius=2").shape
    assert.same({ kind = "circle", radius = 2 }, shape)
  end)

  it("can be files", function()
    command.write_file(bosa.dir .. "/report.txt", "twelve bytes")
    local seen = echo("upload", "file@" .. bosa.dir .. "/report.txt")
    assert.equal("report.txt", seen.filename)
    assert.equal(12, seen.size)
    local out = bosa:run({ "run", "lab", "upload", "file@-" }, { stdin = "piped" })
    assert.equal(5, decode(out).size)
  end)

  it("keep whole numbers of 64 bits, both ways", function()
    local out = bosa:run({ "run", "lab", "integers" })
    assert.truthy(out:find('"highest":9223372036854775807', 1, true))
    assert.truthy(out:find('"lowest":-9223372036854775808', 1, true))
    assert.truthy(out:find('"past_double":9007199254740993', 1, true))
  end)
end)

describe("the answer of bosa run in a pipe", function()
  local issues = { "run", "github", "list_issues", "owner=lua", "repo=lua" }

  local function with(...)
    local words = {}
    for i, word in ipairs(issues) do words[i] = word end
    for _, word in ipairs({ ... }) do words[#words + 1] = word end
    return words
  end

  it("is JSON on one line, the same each time, and nothing else", function()
    local out = bosa:output(with("limit=2"))
    assert.equal(1, #lines(out))
    assert.equal(2, #decode(out))
    assert.equal(out, (bosa:run(with("limit=2"))))
    assert.is_nil(out:find("\27", 1, true))
  end)

  it("holds the fields that were asked for, in whatever dialect of schema", function()
    local out = bosa:run(with("limit=2", "--fields", "id,user.login"))
    for _, issue in ipairs(decode(out)) do
      assert.equal("number", type(issue.id))
      assert.equal("string", type(issue.user.login))
      assert.is_nil(issue.title)
      assert.is_nil(issue.user.html_url)
    end
    -- an action whose schema has no response_fields
    assert.same({ ok = true }, decode((bosa:run({ "run", "lab", "slow", "delay_ms=1", "--fields", "ok" }))))
  end)

  it("holds the items that were asked for", function()
    local function numbers(...)
      local out = bosa:output(with("state=all", "--fields", "number", ...))
      local list = {}
      for i, issue in ipairs(decode(out)) do list[i] = issue.number end
      return list
    end
    local all = {}
    for _, issue in ipairs(decode((bosa:run(with("state=all"))))) do all[#all + 1] = issue end
    local function where(predicate)
      local list = {}
      for _, issue in ipairs(all) do
        if predicate(issue) then list[#list + 1] = issue.number end
      end
      assert.is_true(#list > 0 and #list < #all)
      return list
    end
    local some = all[3]
    for _, case in ipairs({
      { function(i) return i.state == "closed" end, "--filter", "state=CLOSED" },
      { function(i) return i.comments == some.comments end, "--filter", "comments=" .. some.comments },
      { function(i) return i.comments >= 11 and i.comments <= 15 end, "--filter", "comments>=11", "--filter",
        "comments<=15" },
      { function(i) return i.comments >= 11 and i.comments <= 15 end, "--filter", "comments=11..15" },
      { function(i) return i.comments <= 4 and i.state == "open" end, "--filter", "comments=..4", "--filter",
        "state=open,nothing" },
      { function(i) return i.number == all[1].number or i.number == all[2].number end, "--filter",
        ("number=%d,%d"):format(all[1].number, all[2].number) },
      { function(i) return i.created_at >= some.created_at end, "--filter", "created_at>=" .. some.created_at },
      { function(i) return i.title == some.title end, "--filter", "title:=" .. library.json.encode(some.title) },
    }) do assert.same(where(case[1]), numbers((table.unpack or unpack)(case, 2))) end
    for _, issue in ipairs(decode((bosa:run(with("--filter", "labels[].name=bug"))))) do
      for _, label in ipairs(issue.labels) do assert.equal("bug", label.name) end
    end
  end)

  it("says what is wrong with a filter, and sends nothing", function()
    for word, why in pairs({
      ["state"] = "field=value, field>=value", [">=5"] = "field=value", ["comments>=many"] = "a number or a date",
      ["a:={"] = "no JSON", ["a:=true"] = "a string, a number, or a list of either expected",
      ["a:=null"] = "a string, a number, or a list of either expected",
    }) do
      local _, err, code = bosa:run(with("--filter", word))
      assert.equal(4, code)
      assert.matches("--filter " .. word, err, 1, true)
      assert.matches(why, err, 1, true)
    end
    local _, err, code = bosa:run({ "run", "lab", "slow", "--filter", "a=b" })
    assert.equal(4, code)
    assert.matches("response_filters", err, 1, true)
  end)

  it("is every item of every page with --all, a line each", function()
    local out = bosa:output({ "run", "lab", "list_pages", "total=95", "--all", "--fields", "id" })
    local items = lines(out)
    assert.equal(95, #items)
    for i, line in ipairs(items) do assert.same({ id = i }, decode(line)) end
  end)

  it("ends with the error of a later page, behind what came before", function()
    local out, err, code = bosa:run({ "run", "lab", "list_pages", "total=95", "fail_page=3", "--all" })
    assert.equal(40, #lines(out))
    assert.equal(5, code)
    assert.matches("^bosa: [^\n]*500[^\n]*\n$", err)
  end)

  it("is a file's bytes, as they come", function()
    local out = bosa:output({ "run", "lab", "download", "bytes=600" })
    assert.equal(600, #out)
    assert.equal(599 % 251, out:byte(600))
  end)

  it("goes to a file, whole or not at all", function()
    local path = bosa.dir .. "/answer"
    for _, words in ipairs({
      { "run", "lab", "download", "bytes=600", "-o", path }, { "run", "lab", "small", "--output", path },
      { "run", "lab", "list_pages", "--all", "--output", path },
    }) do
      os.remove(path)
      local out, err, code = bosa:run(words)
      assert.equal("", out .. err)
      assert.equal(0, code)
      assert.is_true(#command.read_file(path) > 0)
    end
    os.remove(path)
    local _, _, code = bosa:run({ "run", "lab", "list_pages", "fail_page=2", "--all", "--output", path })
    assert.equal(5, code)
    assert.equal("", command.output_of("ls -d " .. path .. "* 2>/dev/null"))
  end)

  it("ends quietly when its reader goes", function()
    for _, words in ipairs({ { "run", "lab", "list_pages", "total=5000", "limit=100", "--all" },
      { "run", "lab", "download", "bytes=5000000" }, { "run", "lab", "list_bytes", "bytes=1000000" }, }) do
      local out, err, code = bosa:run(words, { tail = "| head -c 1" })
      assert.equal(1, #out)
      assert.equal("", err)
      assert.equal(141, code)
    end
  end)

  it("that can't be written is an error", function()
    local own = { { "--version" }, { "--help" }, { "run", "--help" }, { "run", "lab", "small", "--help" }, {},
      { "__complete", "--", "" } }
    for _, words in ipairs({ { "run", "lab", "small" }, { "connectors" }, (table.unpack or unpack)(own) }) do
      local _, err, code = bosa:run(words, { tail = ">/dev/full" })
      assert.equal(1, code)
      assert.matches("^bosa: can't write to standard output: [^\n]*\n$", err)
    end
  end)

  it("can be told of with -v, without secrets", function()
    local _, err, code = bosa:run({ "-v", "run", "lab", "small" })
    assert.equal(0, code)
    assert.matches("bosa: [^\n]*lab.small[^\n]*200", err)
    assert.is_nil(err:find(sandbox.key, 1, true))
    assert.is_nil(err:find(sandbox.token, 1, true))
  end)

  it("acts as another account with --account", function()
    assert.equal(0, select(3, bosa:run({ "run", "lab", "small", "--account", "ada@example.com" })))
  end)
end)

describe("errors of bosa run", function()
  local cases = {
    { 2, "lab", "fault", "status=401" }, { 2, "lab", "fault", "status=403" }, { 5, "lab", "fault", "status=404" },
    { 5, "lab", "fault", "status=429" }, { 5, "lab", "fault", "status=500" },
    { 5, "lab", "fault", "connection=reset" }, { 5, "lab", "fault", "broken_json=true", "status=200" },
    { 5, "lab", "slow", "delay_ms=60000", "--timeout", "0.1" }, { 5, "lab", "loop_cursor", "--all" },
    { 1, "lab", "download", "-o", "MISSING/file" }, { 1, "lab", "small", "-o", "MISSING/file" },
  }
  for _, case in ipairs(cases) do
    it("have a code and one line: " .. table.concat(case, " ", 2), function()
      local words = { "run" }
      for i = 2, #case do words[i] = tostring(case[i]):gsub("MISSING", command.missing) end
      local _, err, code = bosa:run(words)
      assert.equal(case[1], code)
      assert.matches("^bosa: [^\n]+\n$", err)
    end)
  end

  it("say what to do about a token or a key that the server refuses", function()
    local words = { "run", "github", "list_issues", "owner=lua", "repo=lua" }
    local _, err, code = bosa:run(words, { env = { BOSA_TOKEN = "wrong" } })
    assert.matches("401 .*; the token in BOSA_TOKEN was refused; set another, or .*`bosa auth login`\n$", err)
    assert.equal(2, code)
    _, err = bosa:run({ "users", "create", "x@example.com" }, { env = { BOSA_API_KEY = "wrong" } })
    assert.matches("; the key in BOSA_API_KEY was refused; ", err, 1, true)
  end)

  it("say that the action may have run, where nobody can know and it may matter", function()
    local told = "; the action may have run: look before you repeat it\n$"
    local function err_of(...) return select(2, bosa:run({ "run", ... })) end
    assert.matches(told, err_of("lab", "slow", "delay_ms=60000", "--timeout", "0.1"))
    assert.matches(told, err_of("lab", "fault", "connection=close_after_read"))
    assert.not_matches("may have run", err_of("lab", "fault", "status=500"))
    assert.not_matches("may have run", err_of("lab", "list_pages", "total=1", "delay_ms=60000", "--timeout", "0.1"))
  end)

  it("name every fault of the parameters, a line each", function()
    local err
    for _, subcommand in ipairs({ "run", "watch" }) do
      err = select(2, bosa:run({ subcommand, "github", "list_issues", "owne=lua", "limit=3.5", "page=x" }))
      assert.same({
        "bosa: github.list_issues: missing parameter `owner` (string)",
        "bosa: github.list_issues: missing parameter `repo` (string)",
        'bosa: github.list_issues: `page`: integer expected, got "x"',
        "bosa: github.list_issues: `limit`: integer expected, got 3.5",
        "bosa: github.list_issues: unknown parameter `owne`; did you mean `owner`?",
      }, lines(err))
    end
    err = select(2, bosa:run({ "run", "github", "get_issue", "owner=lua", "repo=lua", "number=1" }))
    assert.equal("bosa: github.get_issue: unknown parameter `number`; did you mean `issue_number`?", lines(err)[2])
    err = select(2, bosa:run({ "run", "github", "list_issues", "a", "labels:=[", "filters=x" }))
    assert.equal(3, #lines(err))
    for _, line in ipairs(lines(err)) do assert.matches("^bosa: ", line) end
  end)

  it("show no more of a value than a line", function()
    local _, err = bosa:run({ "run", "github", "list_issues", "owner=a", "repo=b", "limit=" .. ("x\n\27[31m"):rep(50) })
    assert.matches("^bosa: github.list_issues: `limit`: integer expected, got \"[^\n\27]+…\"\n$", err)
    assert.is_true(#err < 130)
  end)

  it("don't repeat an action by themselves", function()
    bosa:run({ "run", "lab", "fault", "status=500", "key=once" })
    assert.equal(1, decode((bosa:run({ "run", "lab", "count", "key=once" }))).count)
    bosa:run({ "run", "lab", "fault", "status=500", "key=thrice", "retry_after=0", "--max-attempts", "3" })
    assert.equal(3, decode((bosa:run({ "run", "lab", "count", "key=thrice" }))).count)
  end)
end)

describe("bosa run on a terminal", function()
  it("shows a list as a table, with where it is in all", function()
    local screen, code = bosa:on_terminal({ "run", "github", "list_issues", "owner=lua", "repo=lua", "limit=3" })
    assert.equal(0, code)
    assert.equal(5, #lines(screen))
    assert.matches("\27%[1mnumber\27%[0m", screen)
    assert.matches("3 of 102", screen)
    for _, line in ipairs(lines(screen)) do assert.is_true(#line:gsub("\27%[[%d;]*m", "") <= 104) end
  end)

  it("has the columns of --fields", function()
    local screen = bosa:on_terminal({ "run", "github", "list_issues", "owner=lua", "repo=lua", "limit=1", "--fields",
      "user.login,number" }, { NO_COLOR = "1" })
    assert.matches("^user%.login%s+number\n%S+%s+145\n", screen)
  end)

  it("shows an object as indented JSON, and a list with --json", function()
    local screen = bosa:on_terminal({ "run", "lab", "slow", "delay_ms=1" }, { NO_COLOR = "1" })
    assert.equal('{\n  "delay_ms": 1,\n  "ok": true\n}\n', screen)
    screen = bosa:on_terminal({ "run", "lab", "list_pages", "limit=1", "--fields", "id", "--json" }, { NO_COLOR = "1" })
    assert.equal('[\n  {\n    "id": 1\n  }\n]\n', screen)
  end)

  it("has colours, unless NO_COLOR or a dumb terminal forbids them", function()
    local words = { "run", "lab", "echo", "text=x" }
    assert.truthy((bosa:on_terminal(words)):find("\27[32m", 1, true))
    assert.truthy((bosa:on_terminal(words, { NO_COLOR = "" })):find("\27[32m", 1, true))
    for _, env in ipairs({ { NO_COLOR = "1" }, { TERM = "dumb" } }) do
      assert.is_nil((bosa:on_terminal(words, env)):find("\27[", 1, true))
    end
  end)

  it("lets no control character of an answer through", function()
    local words = { "run", "lab", "echo", "--input", bosa.dir .. "/evil.json" }
    command.write_file(words[5], '{"text":"a\\u001b]0;title\\u0007b\\u009bc\\u007fd"}')
    local screen = bosa:on_terminal(words, { NO_COLOR = "1" })
    assert.is_nil(screen:gsub("\n", ""):find("[%z\1-\31\127]"))
    assert.is_nil(screen:find("\194\155", 1, true))
  end)

  it("saves a file under its own name, never over another", function()
    local dir = bosa.dir .. "/downloads"
    assert(os.execute("mkdir -p " .. dir))
    local top, words = command.top, { "run", "lab", "download", "bytes=10", "filename=x.bin" }
    local line = bosa:line(words):gsub("bin/bosa", top .. "/%0")
    command.write_file(bosa.dir .. "/go", ("cd %s && %s"):format(dir, line))
    for _ = 1, 2 do
      local screen = command.output_of(("script -qec 'sh %s/go' /dev/null </dev/null"):format(bosa.dir))
      assert.matches("Saved %./x[^\n]*%(10 B%)", screen)
    end
    assert.equal("2\n", command.output_of("ls " .. dir .. " | wc -l"))
  end)

  it("draws how far a transfer and pages are, and wipes it away", function()
    local path = bosa.dir .. "/pages"
    local words = { "run", "lab", "list_pages", "total=60", "delay_ms=400", "--all", "-o", path }
    local screen, _, all = bosa:on_terminal(words)
    assert.equal("", screen)
    assert.matches("\r\27%[Kpage %d of 3, %d+ items", all)
    assert.matches("\r\27%[K$", all)
    command.write_file(bosa.dir .. "/large", ("x"):rep(200000))
    screen = bosa:on_terminal({ "run", "lab", "upload", "file@" .. bosa.dir .. "/large", "delay_ms=900" })
    assert.truthy(screen:find("%", 1, true))
    assert.matches(" of 200%.%d kB", screen)
  end)
end)

describe("Ctrl-C", function()
  local terminal

  it("ends a command that reads standard input", function()
    terminal = bosa:terminal("echo begun; " .. bosa:line({ "run", "lab", "upload", "file@-" }) .. "; echo code=$?")
    terminal:wait_for("begun")
    terminal:type("typed")
    terminal:press("Enter")
    terminal:wait_for("typed")
    local screen = terminal:press_until("C-c", "code=%d")
    assert.matches("code=130", screen)
    assert.is_nil(screen:find("traceback", 1, true))
  end)

  after_each(function() terminal:close() end)

  it("ends a call with 130, and leaves nothing half-made", function()
    local path = bosa.dir .. "/interrupted"
    local words = { "run", "lab", "list_pages", "total=5000", "delay_ms=200", "--all", "-o", path }
    terminal = bosa:terminal(bosa:line(words) .. "; echo code=$?")
    terminal:wait_for("page %d+ of")
    terminal:press("C-c")
    local screen = terminal:wait_for("code=")
    assert.matches("code=130", screen)
    assert.is_nil(screen:find("traceback", 1, true))
    assert.equal("", command.output_of("ls -d " .. path .. "* 2>/dev/null"))
  end)
end)

describe("a signal", function()
  local silent, skills, stop

  setup(function()
    silent = assert(require("socket").bind("127.0.0.1", 0))
    local line
    line, stop = require("spec.support.process").start("skill_server.lua")
    skills = line:match("listening (%S+)")
  end)
  teardown(function()
    silent:close()
    stop()
  end)

  --- A server that takes connections and says nothing.
  local function nobody() return "http://127.0.0.1:" .. select(2, silent:getsockname()) end

  --- Sends a signal to a command once it has begun a file in `dir`: the exit code, and what is left there then.
  local function ended_by(signal, dir, words, env)
    command.write_file(bosa.dir .. "/ended", table.concat({
      "mkdir -p " .. dir,
      bosa:line(words, env) .. " >/dev/null 2>&1 &",
      "pid=$!",
      ("until ls -A %s | grep -q '^[.]bosa-'; do kill -0 $pid || exit 99; sleep 0.02; done"):format(dir),
      ("kill -%s $pid; wait $pid; echo $?; ls -A %s"):format(signal, dir),
    }, "\n"))
    return command.output_of("sh " .. bosa.dir .. "/ended")
  end

  for signal, code in pairs({ INT = 130, TERM = 143, HUP = 129 }) do
    it(signal .. " ends a command with " .. code .. ", and leaves nothing half-made", function()
      local dir = bosa.dir .. "/" .. signal
      local words = { "run", "lab", "list_pages", "total=5000", "delay_ms=200", "--all", "-o", dir .. "/list" }
      assert.equal(code .. "\n", ended_by(signal, dir, words))
      words = { "snapshot", "lab", "-o", dir .. "/snapshot" }
      assert.equal(code .. "\n", ended_by(signal, dir, words, { BOSA_API_BASE_URL = nobody() }))
      words = { "skills", "install", "00000000-0000-0000-0000-000000000007", "--dir", dir }
      assert.equal(code .. "\n", ended_by(signal, dir, words, { BOSA_API_BASE_URL = skills }))
    end)
  end
end)
