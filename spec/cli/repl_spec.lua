local command = require("spec.support.command")

local sandbox, bosa

setup(function() bosa, sandbox = command.start() end)
teardown(function() bosa:close() end)

--- Runs lines at a prompt that reads a pipe.
local function pipe(text, env, ...) return bosa:run({ "repl", ... }, { stdin = text .. "\n", env = env }) end

--- What a line that is right shows.
local function shown(text, ...) return bosa:output({ "repl", ... }, { stdin = text .. "\n" }) end

describe("bosa repl in a pipe", function()
  it("shows what expressions give, and nothing else", function()
    assert.equal("2\n", shown("1 + 1"))
    assert.equal("2\n", shown("=1 + 1"))
    assert.equal("1\tnil\ttrue\n", shown("1, nil, true"))
    assert.equal("text\n", shown("'text'"))
    assert.equal("7\n", shown("x = 3\n-- a comment\n\nlocal y = 5\nx + 4"))
    assert.equal("printed\n", shown("print('printed')"))
    assert.equal("", shown(""))
  end)

  it("takes chunks of several lines", function()
    assert.equal("1\n2\n", shown("for i = 1, 2 do\n  print(i)\nend"))
    assert.equal("{ 1, 2 }\n", shown("{\n1,\n2 }"))
    assert.equal("3\n", shown("1 +\n2"))
    assert.equal("a\nb\n", shown("[[a\nb]]"))
  end)

  it("says what is wrong in a line, and where, and goes on", function()
    local out, err, code = pipe("nope.field\n1 +* 2\nif\nx\nthen\nerror('boom')\nend\nerror({})\nfor\n= 1\n'on'")
    assert.equal("on\n", out)
    assert.equal(1, code)
    local list = {}
    for line in err:gmatch("([^\n]*)\n") do list[#list + 1] = line end
    assert.equal(4, #list)
    assert.matches("^bosa: stdin:1: .*nope", list[1])
    assert.matches("^bosa: stdin:2: ", list[2])
    assert.matches("^bosa: .*without a text", list[3])
    assert.matches("^bosa: stdin:10: ", list[4])
  end)

  it("says so of a chunk that never ends", function()
    local out, err, code = pipe("1\nfor i = 1, 2 do")
    assert.equal("1\n", out)
    assert.matches("^bosa: [^\n]*<eof>[^\n]*\n$", err)
    assert.equal(1, code)
  end)

  it("ends a wait that nothing can end", function()
    local out, err, code = pipe("coroutine.yield()\n'on'")
    assert.equal("on\n", out)
    assert.matches("^bosa: nothing[^\n]*\n$", err)
    assert.equal(1, code)
  end)

  it("keeps local variables for later lines, as in one script", function()
    for _, case in ipairs({
      { "local x = 1\nx + 1", "2\n" },
      { "local a, b = 1\na, b", "1\tnil\n" },
      { "local x\nx = 2\nx", "2\n" },
      { "local x = 1\nlocal x = x + 1\nx", "2\n" },
      { "local function twice(n)\n  local m = n\n  return 2 * m\nend\ntwice(4), m", "8\tnil\n" },
      { "local n = 0\nfunction add() n = n + 1 end\nadd()\nn\nn = 10\nadd()\nn", "1\n11\n" },
      { "local n = 1\nfunction old() return n end\nlocal n = 2\nold(), n", "1\t2\n" },
      { "if true then local x = 1 end\nfor i = 1, 2 do local y = i end\nx, y, i", "nil\tnil\tnil\n" },
      { "repeat local r = 1 until r == 1\ndo local s = 1 end\nr, s", "nil\tnil\n" },
      { "local t = { f = function() local x = 1 return x end }\nt.f(), x", "1\tnil\n" },
      { "local text = [[\nlocal no = 1\n]] local w = 1 -- local q = 1\nno, w, q", "nil\t1\tnil\n" },
      { "local x = 1 return x\nx", "1\n1\n" },
      { "local f = print -- a comment\n(f)('called')", "called\n" },
      { "x = 1\nlocal x = 2\nx, _G.x", "2\t1\n" },
      { "local hub = 5\nhub", "5\n" },
      { "local github = hub:connect('lab')\ngithub:small().status", "200\n" },
      { "local _, y = 1, 2\n3\n_ + y", "3\n5\n" },
    }) do
      assert.equal(case[2], shown(case[1]), case[1])
    end
    local out, err = pipe("local x = 1\nlocal y = 2 error('no')\nx, y")
    assert.matches("no\n$", err)
    assert.equal("1\tnil\n", out)
  end)

  it("knows constants, and closes what is to be closed when it ends", function()
    if not load("local x <const> = 1") then return end -- before Lua 5.4
    local out, err = pipe("local a, b <const> = 1, 2\na = 3\na, b\nb = 3\nb")
    assert.equal("3\t2\n2\n", out)
    assert.matches("^bosa: stdin:4: [^\n]*const[^\n]*'b'\n$", err)
    assert.equal("1\nopen\nclosed 2\nclosed 1\n", shown("function new(n) return setmetatable({}, { "
      .. "__close = function() print('closed ' .. n) end }) end\nlocal x <close> = new(1)\n1\n"
      .. "local y <close>, z = new(2), 1\nx and y and 'open'"))
    assert.matches("non%-closable", (select(2, pipe("local x <close> = 1"))))
  end)

  it("finds the names of a chunk's local variables, with their attributes", function()
    local function names_in(text)
      local list = {}
      for i, variable in ipairs((require("bosa.repl.locals").find(text))) do
        list[i] = variable.name .. (variable.attribute and " " .. variable.attribute or "")
      end
      return table.concat(list, ", ")
    end
    assert.equal("a, b const, c close", names_in("local a, b <const>, c <close> = f{ local_ = 1 }, 'local x'"))
    assert.equal("a const, b close", names_in("local <const> a, b <close> = 1")) -- of Lua 5.5
    assert.equal("f, x", names_in("local function f() local y = 1 end if a then local z end local x "
      .. "while b do local w end"))
    assert.equal("x", names_in("local x = (function() return 1 end)() return x, function() local y end"))
    assert.equal("", names_in("-- local a\n--[[ local b ]] t = { f = function() local c end, [ [=[local d]=] ] = 1 }"))
  end)

  it("ends by a word, unless that is a variable", function()
    for _, line in ipairs({ "exit", "quit", " exit() ", "quit;" }) do
      assert.equal("1\n", shown("1\n" .. line .. "\n2"), line)
    end
    assert.equal("7\n8\n", shown("local exit = 7\nexit\n8"))
    assert.equal("nil\n", shown("'exit' == 1 or nil"))
  end)

  it("keeps the last result in _", function()
    assert.equal("4\n5\n", shown("4\n_ + 1"))
  end)

  it("bounds what it shows, in depth and length", function()
    local out = shown("t = {} for i = 1, 5000 do t[i] = { i, { i, { i, { i, { i, { i } } } } } } end\nt")
    assert.matches("... 49%d%d more", out)
    assert.is_true(#out < 10000)
    assert.is_true(#shown("('x'):rep(1e6)") < 10000)
    assert.is_true(#shown("{ ('x'):rep(1e6) }") < 1000)
  end)

  it("shows tables that hold themselves, in any order of names always the same", function()
    assert.equal('{ a = 1, b = 2, ["end"] = 3, me = { a table above } }\n',
      shown('t = { me = 1, b = 2, a = 1, ["end"] = 3 } t.me = t\nt'))
  end)

  it("lets nothing through that a terminal would obey", function()
    local out = shown('"a\\27[2Jb\\194\\155c"\n{ "a\\27[2Jb\\194\\155c\\255" }\n'
      .. 'setmetatable({}, { __tostring = function() return "\\27" end })\n')
    assert.is_nil(out:gsub("\n", ""):find("[%z\1-\31\127\155\255]"))
  end)

  it("keeps whole numbers of 64 bits", function()
    local out = shown("lab:integers()")
    for _, number in ipairs({ "9223372036854775807", "-9223372036854775808", "9007199254740993" }) do
      assert.truthy(out:find("= " .. number, 1, true))
    end
  end)

  it("takes connectors to be known from the start, and refuses what it doesn't understand", function()
    assert.equal("connector lab (" .. sandbox.url .. ")\n", shown("lab", "lab"))
    for _, words in ipairs({ { "repl", "no_such_connector" }, { "repl", "--no-such-option" } }) do
      local out, err, code = bosa:run(words, { stdin = "1" })
      assert.equal("", out)
      assert.matches("^bosa[^\n]+\n$", err)
      assert.equal(4, code)
    end
  end)

  it("runs without an API key, as far as that goes", function()
    local out, err, code = pipe("1\nlab:small()\n2", { BOSA_API_KEY = false, BOSA_TOKEN = false })
    assert.equal("1\n2\n", out)
    assert.matches("^bosa: [^\n]+\n$", err)
    assert.equal(1, code)
  end)

  it("ends quietly when its reader goes", function()
    local _, err, code = bosa:run({ "repl" }, { stdin = ("('x'):rep(1000)\n"):rep(1000), tail = "| head -c 1" })
    assert.equal("", err)
    assert.equal(141, code)
  end)

  it("is ended by a signal that came while a line ran, too", function()
    local lines = "local p = io.popen('kill -INT $PPID') p:read('*a') p:close()\nprint('went on')\n"
    local out, _, code = bosa:run({ "repl" }, { stdin = lines })
    assert.equal("", out)
    assert.equal(130, code)
  end)
end)

describe("names at the prompt", function()
  local function requests(text)
    local before = sandbox.stats().requests
    local out, err, code = pipe(text)
    return sandbox.stats().requests - before, out, err, code
  end

  it("are connectors of the server, which is asked for them once, by the first name that nobody knows", function()
    os.execute("rm -rf " .. bosa.dir .. "/cache")
    assert.equal(0, (requests("1")))
    local count, out, err, code = requests("x, y, z\ngithub, hub:connect('github')\nno_such_name")
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal(1, count)
    local text = ("connector github (%s)"):format(sandbox.url)
    assert.equal(("nil\tnil\tnil\n%s\n%s\nnil\n"):format(text, text), out) -- too long for one line
    assert.equal(0, (requests("github"))) -- from the cache
  end)

  it("that can't be asked for say so", function()
    local _, err, code = pipe("x", { BOSA_API_BASE_URL = "http://127.0.0.1:1", XDG_CACHE_HOME = bosa.dir .. "/other" })
    assert.matches("^bosa: `x` is not set, [^\n]+\n$", err)
    assert.equal(1, code)
  end)

  it("are Lua's own first, and those that were set", function()
    assert.equal("true\tnumber\ttrue\n", shown("string == require('string'), type(math.pi), _G.hub == hub"))
    assert.equal("5\n", shown("github = 5\ngithub"))
  end)

  it("that are not set come with the nearest ones", function()
    local out, err, code = pipe("drive\nlocal issues = 1\nisues\ndrive:list_files()\nnil + 1\nzebra, drive")
    assert.equal("nil\nnil\nnil\tnil\n", out)
    assert.equal(1, code)
    local lines = {}
    for line in err:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
    assert.equal("`drive` is not set; did you mean `google_drive`?", lines[1])
    assert.equal("`isues` is not set; did you mean `issues`?", lines[2])
    assert.matches("^bosa: stdin:4: .*drive.*; did you mean `google_drive`%?$", lines[3])
    assert.is_nil(lines[4]:find("did you mean", 1, true))
  end)

  it("follow hub where it is set to another one", function()
    local out = shown("hub = bosa.new{ api_base_url = 'http://127.0.0.1:1', transport = function(request)\n"
      .. "  return { status = 200, body = '{\"data\":[\"other\"]}' }\nend }\nother\ngithub")
    assert.equal("connector other (http://127.0.0.1:1)\nnil\n", out)
  end)
end)

describe("results at the prompt", function()
  it("are the first rows of a response, and how many there are", function()
    local out = shown('github:list_issues{ owner = "lua", repo = "lua" }')
    local lines = {}
    for line in out:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
    assert.equal(13, #lines)
    assert.equal("response github.list_issues (200, list of 30, more pages)", lines[1])
    assert.matches("^id +number +title", lines[2])
    assert.matches("^%d+ +145 ", lines[3])
    assert.matches("20 more.*:next_page%(%)", lines[13])
  end)

  it("are an answer's object, or what there is of a file", function()
    assert.equal("response lab.slow (200)\n{ delay_ms = 1, ok = true }\n", shown("lab:slow{ delay_ms = 1 }"))
    assert.matches("^response lab.download %(200, a file%)\nfile [^\n]* %(10 bytes%)\n$",
      shown("lab:download{ bytes = 10 }"))
  end)

  it("are one line for an error of the library's", function()
    for _, line in ipairs({ "lab:fault{ status = 500 }", 'github:list_issues{ owner = "lua" }', "lab.no_such_action",
      "lab:no_such_action()", "help(lab.no_such_action)", "error(select(2, lab:fault{ status = 500 }))", }) do
      local out, err, code = pipe(line)
      assert.equal("", out)
      assert.matches("^bosa: [^\n]+\n$", err)
      assert.is_nil(err:find("traceback", 1, true))
      assert.equal(1, code)
    end
  end)

  it("of a builder are what it would send, which is not sent, without what is secret", function()
    local before = sandbox.stats().executions
    local out = shown('lab:action("echo"):params{ text = "t", number = 2 }:token("my-token"):headers{ X = "mine" }')
    assert.matches("^action lab.echo, not sent yet[^\n]*\nPOST http://127.0.0.1:%d+/[^\n]*lab/echo\n", out)
    assert.matches("{ number = 2, text = \"t\" }\n$", out)
    for _, secret in ipairs({ "my-token", "mine", sandbox.key }) do assert.is_nil(out:find(secret, 1, true)) end
    out = shown('github:action("list_issues"):params{ owner = "lua" }')
    assert.matches('{ owner = "lua" }\n[^\n]*`repo`[^\n]*\n$', out)
    assert.same(before, sandbox.stats().executions)
    assert.matches("\nresponse lab.echo %(200%)\n", shown('lab:action("echo"):params{ text = "t" }\n_:run()'))
  end)

  it("of an action are how it is called", function()
    local out = shown("github.list_issues")
    assert.matches("^github:list_issues{ owner, repo, %[.*labels.*%] }\n", out)
    assert.matches("^lab:small{ %[key%] }\n", shown("lab.small"))
    assert.equal("lab.small\n", shown("tostring(lab.small)"))
    assert.matches("^response lab.small", shown("lab.small(lab)"))
  end)
end)

describe("help at the prompt", function()
  it("is there for an action, however it is named", function()
    local text = shown("help(github.list_issues)")
    assert.matches("^github.list_issues: ", text)
    assert.matches("\n  owner  string, required\n", text)
    for _, line in ipairs({ 'help("github.list_issues")', 'help("github", "list_issues")',
      'help(github, "list_issues")' }) do
      assert.equal(text, shown(line))
    end
    assert.equal(text, shown('help(github:action("list_issues"))'):sub(1, #text))
  end)

  it("is what a question mark asks for", function()
    assert.equal(shown("help(lab.small)"), shown("?lab.small"))
    assert.equal(shown("help()"), shown(" ? "))
    assert.equal(shown("help()"), shown("help"))
  end)

  it("tells of an error what it means and what to do", function()
    local out = pipe('github:list_issues{ owner = "lua", sort = "x" }\nhelp(err)')
    assert.matches("^github.list_issues: missing parameter `repo`", out)
    assert.matches("\n  `sort`: expected one of ", out)
    assert.matches("help%(github.list_issues%)", out)
    out = shown("local _, e = lab:fault{ status = 503 }\n?e")
    assert.matches("status +503", out)
    assert.matches("The server responded", out)
    assert.equal("nil\n", (pipe("err")))
    assert.equal("7\n", (pipe("err = 7\nlab:fault{ status = 503 }\nerr")))
    for kind in command.read_file("doc/errors.md"):match("`kind` |([^\n]*)"):gmatch("`([%w_]+)`") do
      assert.matches("%S", require("bosa.repl.error_help").text({ kind = kind, sent = "no" }):match("\n\n(.-)\n"), kind)
    end
  end)

  it("is there for connectors, the hub, and what they give", function()
    assert.matches("^github: %d+ actions\n.*list_issues", shown("help(github)"))
    assert.matches("connectors: [^\n]*github", shown("help(hub)"))
    assert.matches(":next_page", shown("help(lab:small())"))
    assert.matches(":save", shown("help(lab:download().data)"))
    assert.matches("Ctrl%-D", shown("help()"))
    assert.matches("^nil", shown("help(no_such_name)"))
  end)
end)

describe("completion at the prompt", function()
  --- What the last word of a text may become.
  local function words_of(...)
    local chunk = { 'known = require("bosa.repl.names").new(hub)', 'words = require("bosa.repl.complete").new(known)',
      "known.env.answer = github:list_issues{ owner = 'lua', repo = 'lua', limit = 2 }" }
    for _, text in ipairs({ ... }) do
      chunk[#chunk + 1] = ("table.concat(select(2, words:at([==[%s]==])), ' ')"):format(text)
    end
    local list = {}
    for line in shown(table.concat(chunk, "\n")):gmatch("([^\n]*)\n") do list[#list + 1] = line end
    return (table.unpack or unpack)(list)
  end

  local cases = {
    { "gith", "github" }, { "x = gith", "github" }, { "print(gith", "github" }, { "google_d", "google_drive" },
    { "tostr", "tostring" }, { "func", "function" }, { "string.gs", "gsub" }, { "no_such.x", "" },
    { "github.list_iss", "list_issues" }, { "github:list_iss", "list_issues" },
    { "github:get_action_", "get_action_parameters" },
    { "hub:get_av", "get_available_modules" }, { "hub:_", "" },
    { 'github:action("list_iss', "list_issues" }, { "github:action 'list_iss", "list_issues" },
    { 'github:help("list_iss', "list_issues" }, { 'hub:run("gith', "github" }, { 'hub:connect("gith', "github" },
    { 'hub:run("github", "list_iss', "list_issues" }, { 'hub:connect("github"):list_iss', "list_issues" },
    { "github:list_issues{ ow", "owner" }, { "github:list_issues({ ow", "owner" },
    { 'github:list_issues{ owner = "lua", re', "repo response_fields response_filters" },
    { 'github:list_issues{ repo = "a, b }", owner = "lua", re', "response_fields response_filters" },
    { 'github:list_issues{\n  owner = "lua",\n  sor', "sort" }, { 'hub:run("github", "list_issues", { ow', "owner" },
    { 'github:action("list_issues"):params{ ow', "owner" },
    { 'github:action("list_issues"):account("a"):params({ ow', "owner" },
    { "github:list_issues{ filters = { { field", "field_name" }, { "github:list_issues{ owner = ow", "" },
    { "lab:unions{ shape = { rad", "radius" }, { 'github:list_issues{ sort = "', "comments created updated" },
    { 'github:list_issues{ sort = "cr', "created" }, { "github:list_issues{ sort = cr", '"created"' },
    { "github:list_issues{ sort = ", '"comments" "created" "updated"' },
    { "hub:connect(gi", '"github"' },
    { "github:action(list_is", '"list_issues"' },
    { 'hub:run("github", list_iss', '"list_issues"' }, { "?gith", "github" },
    { 'github:action("list_issues"):val', "validate" }, { "github:list_issues{ owner = 1 }:next", "next_page" },
    { 'hub:run("lab", "small"):get_m', "get_meta" }, { "-- gith", "" }, { '"gith', "" }, { "[[gith", "" },
    { "answer.data[1].us", "user" }, { "answer.data[ 2 ].user.log", "login" }, { "answer[1].us", "user" },
    { "answer.data[1].no.x", "" }, { "-- x\ngith", "github" }, { "--[[ x\n]] gith", "github" },
    { "'it\\'s' .. gith", "github" }, { "a .. string.gs", "gsub" }, { "x().string.gs", "" }, { "1.", "" },
    { "((((" }, { "]]]})" }, { "\\\"'" }, { "github:list_issues{{{{{" },
  }

  it("knows what fits", function()
    local texts = {}
    for i, case in ipairs(cases) do texts[i] = case[1] end
    local results = { words_of((table.unpack or unpack)(texts)) }
    assert.equal(#cases, #results)
    for i, case in ipairs(cases) do
      if case[2] then assert.equal(case[1] .. ": " .. case[2], case[1] .. ": " .. results[i]) end
    end
  end)

  it("neither raises nor waits for long where there is no server", function()
    local out, err = pipe('words = require("bosa.repl.complete").new(require("bosa.repl.names").new(hub))\n'
      .. "#select(2, words:at('gith'))\n#select(2, words:at('tostr'))", {
      BOSA_API_BASE_URL = "http://127.0.0.1:1", XDG_CACHE_HOME = bosa.dir .. "/other",
    })
    assert.equal("", err)
    assert.equal("0\n1\n", out)
  end)
end)

describe("bosa repl on a terminal", function()
  local terminal, state

  --- Opens a prompt; `env`: more variables; `rows`, `columns`: of the screen, as programs see it.
  local function open(env, rows, columns)
    state = bosa.dir .. "/state"
    local all = { NO_COLOR = "1", XDG_STATE_HOME = state }
    for name, value in pairs(env or {}) do all[name] = value end
    local size = rows and "stty rows " .. rows .. "; " or ""
    if columns then size = "stty cols " .. columns .. "; " end
    local line = bosa:line({ "repl" }, all)
    terminal = bosa:terminal(size .. line .. "; echo code=$?; stty -a | grep -o '[-]*icanon'")
    terminal:wait_for("\n> *\n")
  end

  --- Types a line; waits until what it gave is shown, and the prompt behind it.
  local function enter(text, pattern)
    terminal:type(text)
    terminal:press("Enter")
    return terminal:wait_for(pattern .. "[^>]*> *\n")
  end

  after_each(function() terminal:close() end)

  it("is a session: completion, help, results, errors, chunks, Ctrl-D", function()
    open()
    terminal:type("githu")
    terminal:press("Tab")
    terminal:type(".list_is")
    terminal:press("Tab")
    terminal:wait_for("> github%.list_issues")
    enter("", "github:list_issues{ owner, repo")
    terminal:type('github:list_issues{ ow')
    terminal:press("Tab")
    terminal:type('"lua", rep')
    terminal:press("Tab")
    terminal:type('"lua", limit = 2 }')
    enter("", "list of 2, more pages%).*\n%d+ +145 .*:next_page")
    assert.matches('github:list_issues{ owner = "lua", repo = "lua", limit = 2 }', terminal:screen())
    terminal:type('github:action("list_is')
    terminal:press("Tab")
    terminal:type("):vali")
    terminal:press("Tab")
    enter("()", '%("list_issues"%):validate%(%)\nbosa: [^\n]*`owner`')
    enter("help(lab.small)", "lab.small: ")
    enter("nope.field", "\nbosa: attempt to index[^\n]*nope")
    terminal:type("for i = 1, 2 do")
    terminal:press("Enter")
    terminal:wait_for("\n>> *\n")
    enter("print('turn ' .. i) end", "turn 1\nturn 2\n")
    terminal:press("C-d")
    local screen = terminal:wait_for("icanon")
    assert.matches("code=0\nicanon", screen)
    assert.is_nil(screen:find("traceback", 1, true))
    assert.is_nil(screen:find("stdin:1:", 1, true))
  end)

  it("lets Ctrl-C end a line, a call, and a loop without end, and goes on", function()
    open()
    terminal:type("this is nothing")
    terminal:wait_for("nothing")
    terminal:press("C-c")
    terminal:wait_for("> this is nothing\n> *\n") -- keys that are typed before it has taken the signal go with the line
    enter("'first'", "\nfirst\n")
    for _, line in ipairs({ "lab:slow{ delay_ms = 60000 } -- $", "print('begun') while true do end -- $" }) do
      terminal:type(line)
      terminal:press("Enter")
      terminal:wait_for("%$\n")
      if line:find("begun", 1, true) then terminal:wait_for("\nbegun\n") end
      terminal:press("C-c")
      terminal:wait_for("%$\n.*interrupted\n> *\n")
    end
    enter("'on'", "\non\n")
    terminal:press("C-d")
    assert.matches("code=0\nicanon", terminal:wait_for("icanon"))
  end)

  it("goes on after Ctrl-C under bosa sandbox, and so does the server", function()
    local words = { "sandbox", "--", "env", "NO_COLOR=1", os.getenv("BOSA_LUA"), "bin/bosa", "repl" }
    terminal = bosa:terminal(bosa:line(words) .. "; echo code=$?")
    terminal:wait_for("\n> *\n")
    terminal:type("lab:slow{ delay_ms = 60000 } -- $")
    terminal:press("Enter")
    terminal:wait_for("%$\n")
    terminal:press("C-c")
    terminal:wait_for("%$\n.*interrupted\n> *\n")
    enter("lab:small()", "\nresponse lab.small")
    terminal:press("C-d")
    assert.matches("code=0", terminal:wait_for("code="))
  end)

  it("takes lines that are pasted one by one", function()
    open()
    terminal:paste("'pasted ' .. 1\nlocal last = 3\n"
      .. "for i = 2, last do\n  print('pasted ' .. i)\nend\n'pasted ' .. last + 1")
    terminal:wait_for("last %+ 1")
    enter("", "\npasted 1\npasted 2\npasted 3\npasted 4\n")
  end)

  it("wraps help at words", function()
    open({ PAGER = "cat" }, nil, 50)
    enter("help(github.list_issues)", "\n      Dotted names of the fields to keep, applied\n"
      .. "        to each item of a list.\n")
  end)

  it("shows long help through the pager, and goes on", function()
    open({ PAGER = "tail -n 1; echo paged" }, 12)
    enter("help(lab.small)", "lab.small: [^>]*under this name.\n")
    enter("help(github.list_issues) help(github)", "\npaged\n[^>]*list_pull_requests")
    terminal:close()
    open({ PAGER = "less" }, 12)
    terminal:type("for _ = 1, 9 do help(github.list_issues) end")
    terminal:press("Enter")
    for _ = 1, 2 do
      terminal:wait_for("\n:")
      terminal:press("C-c")
    end
    terminal:close()
    open({ PAGER = "no-such-pager" }, 12)
    enter("help(github.list_issues) print('still here')", "Upwards[^>]*still here\n")
    terminal:close()
    open({ PAGER = "" }, 12) -- none is wanted
    enter("help(github.list_issues) print('still here')", "Upwards[^>]*still here\n")
  end)

  it("ends by Ctrl-C where its lines come from a pipe", function()
    local line = bosa:line({ "repl" })
    for _, text in ipairs({ "print('begun') lab:slow{ delay_ms = 60000 }", "print('begun') while true do end",
      "print('begun')" }) do
      terminal = bosa:terminal(('{ echo "%s"; exec sleep 60; } | %s; echo code=$?'):format(text, line))
      terminal:wait_for("begun")
      terminal:press("C-c")
      assert.matches("code=130", terminal:wait_for("code="))
      if text ~= "print('begun')" then terminal:close() end
    end
  end)

  it("keeps the lines for the next time, but no secrets, for its owner alone", function()
    os.execute("rm -rf " .. bosa.dir .. "/state")
    open()
    enter("'to be kept'", "\nto be kept\n")
    enter('t = "x" -- token', "token")
    enter("key = 'sk_live_abcdefgh0123456789'", "0123456789'")
    enter(("k = '%s'"):format(sandbox.key), "k = '")
    enter("hub:authenticate('ada', 'pw')", "\nbosa: ")
    terminal:press("C-d")
    terminal:wait_for("icanon")
    terminal:close()
    assert.equal("'to be kept'\n", command.read_file(state .. "/bosa/history"))
    assert.equal("600\n", command.output_of("stat -c %a " .. state .. "/bosa/history"))
    open()
    terminal:press("Up")
    terminal:wait_for("> 'to be kept'")
    enter("", "\nto be kept\n")
  end)

  it("does without GNU Readline", function()
    os.execute("mkdir -p " .. bosa.dir .. "/without")
    command.write_file(bosa.dir .. "/without/readline.lua", 'error("not here")')
    open({ LUA_PATH = ("'%s/without/?.lua;%s'"):format(bosa.dir, os.getenv("LUA_PATH")) })
    terminal:type("1 +")
    terminal:press("Enter")
    terminal:wait_for("\n>> *\n")
    enter("1", "\n2\n")
    terminal:type("this is nothing")
    terminal:wait_for("nothing")
    terminal:press("C-c")
    enter("'on'", "\non\n")
    terminal:press("C-d")
    assert.matches("code=0", terminal:wait_for("icanon"))
  end)

  it("has colours, unless NO_COLOR forbids them", function()
    local words = { "repl" }
    local function screen_of(env)
      local line = bosa:line(words, env):gsub("$", " </dev/tty")
      command.write_file(bosa.dir .. "/line", line)
      return command.output_of(("cd %s && printf '{ a = 1 }\\n\\004' | script -qec '. %s/line' /dev/null"):format(
        command.quote(command.top), bosa.dir))
    end
    terminal = { close = function() end }
    assert.truthy(screen_of({}):find("\27[33m1\27[0m", 1, true))
    assert.is_nil(screen_of({ NO_COLOR = "1" }):find("\27[33m", 1, true))
  end)
end)

describe("objects at Lua's own prompt", function()
  it("have names that tell what they are", function()
    local line = ([[ %s -i -e '
      bosa = require("bosa")
      hub = bosa.new{ api_base_url = "%s", api_key = "%s", token = "%s" }' 2>&1 <<'END'
      lab = hub:connect("lab") r = lab:list_pages{ limit = 2 } a = lab:action("small")
      print("=", hub, lab, a, r, lab:download().data, bosa.file{ file = "x" }, hub:get_user_info())
      print("=", select(2, lab:fault{ status = 500 }), a:start(), bosa.async(function() end))
END
]]):format(os.getenv("BOSA_LUA"), sandbox.url, sandbox.key, sandbox.token)
    local out = command.output_of(line)
    local seen = 0
    for text in out:gmatch("=\t([^\n]*)") do
      seen = seen + 1
      assert.is_nil(text:find("0x", 1, true))
      for word in (text .. "\t"):gmatch("(.-)\t") do assert.matches("%a", word) end
    end
    assert.equal(2, seen)
    assert.is_nil(out:find(sandbox.token, 1, true))
  end)
end)
