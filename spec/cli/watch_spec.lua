--- bosa watch: what is new in a list, as lines of JSON or by a command for each item.
local library = require("bosa")
local command = require("spec.support.command")

local sandbox, bosa, hub

setup(function()
  bosa, sandbox = command.start()
  hub = library.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
end)
teardown(function()
  hub:close()
  bosa:close()
end)

local repos = 0

--- The words that watch a repository of a test's own, where nothing is but what `open` puts there.
local function watch(...)
  repos = repos + 1
  local words = {
    "watch", "github", "list_issues", "owner=watch", "repo=r" .. repos, "--key", "number", "--max-pages", "1",
  }
  for _, word in ipairs({ ... }) do words[#words + 1] = word end
  return words
end

local function open(title)
  return assert(hub:run("github", "create_issue", { owner = "watch", repo = "r" .. repos, title = title })).data.number
end

local function again(words, ...)
  local list = {}
  for i, word in ipairs(words) do list[i] = word end
  for _, word in ipairs({ ... }) do list[#list + 1] = word end
  return list
end

--- The first titles of an output, a JSON object a line.
local function titles(out, most)
  local list = {}
  for line in out:gmatch("([^\n]*)\n") do
    if #list < (most or 1e9) then list[#list + 1] = assert(library.json.decode(line)).title end
  end
  return table.concat(list, " ")
end

describe("bosa watch", function()
  it("prints the items as lines of JSON, with the fields that are wanted", function()
    local words = watch("--rounds", "1")
    open("mine")
    local out = bosa:output(words)
    assert.equal("mine", titles(out, 1))
    assert.truthy(out:find('"number":', 1, true))
    out = bosa:run(again(words, "--fields", "title", "--filter", "title=MINE"))
    assert.equal('{"title":"mine"}\n', out) -- the key is asked for, and not printed
  end)

  it("goes on from its state", function()
    local state = bosa.dir .. "/state1"
    local words = watch("--rounds", "1", "--state", state, "--fields", "title")
    open("one")
    assert.equal("one", titles((bosa:run(words)), 1))
    assert.equal("", (bosa:run(words)))
    open("two")
    open("three")
    local out, err, code = bosa:run(words)
    assert.same({ "three two", "", 0 }, { titles(out), err, code })
    out, err, code = bosa:run(again(words, "state=all"))
    assert.same({ "", 1 }, { out, code })
    assert.matches("other parameters", err, 1, true)
  end)

  it("tells only what comes after its start with --from-now", function()
    local words = watch("--state", bosa.dir .. "/state2", "--rounds", "1", "--from-now")
    open("old")
    assert.equal("", (bosa:run(words)))
    open("new")
    assert.equal("new", titles((bosa:run(words))))
  end)

  it("asks again, and tells a round that failed", function()
    local out, err, code = bosa:run({
      "watch", "lab", "fault", "status=503", "retry_after=0", "--every", "1", "--rounds", "2",
    })
    assert.same({ "", 5 }, { out, code })
    local lines = {}
    for line in err:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
    assert.equal(2, #lines)
    assert.matches("^bosa: lab.fault: 503 .*; again in 1 s$", lines[1])
    assert.matches("^bosa: lab.fault: 503 ", lines[2])
  end)

  for _, case in ipairs({
    { "no key", { "lab", "list_pages", "--key", "nope" }, 4, "an item has no `nope`" },
    { "no list", { "lab", "small" }, 4, "no list" },
    { "no such action", { "lab", "smal" }, 4, "did you mean" },
    { "a wrong time", { "lab", "list_pages", "--every", "0.5" }, 4, "--every: seconds from 1 to" },
    { "wrong rounds", { "lab", "list_pages", "--rounds", "1.5" }, 4, "--rounds: a whole number" },
    { "a state that can't be", { "lab", "list_pages", "--state", "/nowhere/at/all" }, 1, "/nowhere/at/all" },
  }) do
    it("ends where it can't go on: " .. case[1], function()
      local words = { "watch" }
      for _, word in ipairs(case[2]) do words[#words + 1] = word end
      local out, err, code = bosa:run(words)
      assert.same({ "", case[3] }, { out, code })
      assert.truthy(err:find(case[4], 1, true), err)
    end)
  end

  it("stops when nobody reads any more, and has handled no more than was read", function()
    local state = bosa.dir .. "/state3"
    local words = { "watch", "lab", "list_pages", "total=2000", "limit=1000", "--rounds", "1", "--state", state }
    local out = bosa:run(words, { tail = "| head -n 1" })
    assert.truthy(out:find('"id":1', 1, true))
    local lines = command.read_file(state):gsub("^[^\n]*\n", "")
    assert.is_true(select(2, lines:gsub("\n", "")) < 2000)
    local _, _, code = bosa:run(words)
    assert.equal(0, code)
    assert.equal(2000, #assert(library.json.decode(command.read_file(state))).keys)
  end)

  it("ends where what it tells can't be written, and counts it as untold", function()
    local state, told = bosa.dir .. "/state6", bosa.dir .. "/told"
    local words = "bosa watch lab list_pages total=200 limit=100 --rounds 1 --state " .. state
    local err, code = bosa:shell(("trap '' XFSZ; ulimit -f 1; %s >%s"):format(words, told)) -- a kilobyte, no more
    assert.equal(1, code)
    assert.matches("can't write to standard output", err, 1, true)
    local lines, keys = command.read_file(told), command.read_file(state):gsub("^[^\n]*\n", "")
    local count = select(2, lines:gsub("\n", ""))
    assert.is_true(count > 0)
    assert.equal(count, select(2, keys:gsub("\n", "")))
  end)

  it("begins nothing where standard output is full", function()
    local words = { "watch", "lab", "list_pages", "--rounds", "1", "--state", bosa.dir .. "/state8" }
    local _, err, code = bosa:run(words, { tail = "> /dev/full" })
    assert.same({ "bosa: can't write to standard output: no space left on device\n", 1 }, { err, code })
    assert.is_nil(io.open(bosa.dir .. "/state8", "rb"))
  end)
end)

describe("bosa watch --jq and --template", function()
  it("print each new item in their form, and --fields go before jq", function()
    local words = watch("--rounds", "1", "--filter", "title=mine")
    local first, second = open("mine"), open("mine")
    local shown = { "--fields", "number,title", "--jq", '"\\(.number) \\(.title)", has("state")' }
    local out, err, code = bosa:run(again(words, (table.unpack or unpack)(shown)))
    assert.same({ ("%d mine\nfalse\n%d mine\nfalse\n"):format(second, first), "", 0 }, { out, err, code })
    out, err, code = bosa:run(again(words, "--template", "{number}\\t{user.login}!\\n"))
    assert.same({ "", 0 }, { err, code })
    assert.matches(("^%d\t%%S+!\n%d\t%%S+!\n$"):format(second, first), out)
  end)

  it("count an item as handled when it was printed, and give one that jq failed for again", function()
    local state = bosa.dir .. "/state7"
    local words = watch("--rounds", "1", "--filter", "title=good,bad", "--state", state)
    local bad, good = open("bad"), open("good")
    local out, err, code = bosa:run(again(words, "--jq", 'if .title == "bad" then error("not this") else .number end'))
    assert.same({ good .. "\n", 0 }, { out, code })
    assert.matches("^bosa: jq: error[^\n]*not this; it is run again for this item in the next round\n$", err)
    assert.same({ bad .. "\n", "", 0 }, { bosa:run(again(words, "--jq", ".number")) })
    assert.same({ "", "", 0 }, { bosa:run(again(words, "--template", "{number}")) })
  end)

  for _, case in ipairs({
    { { "--jq", ".", "--template", "x" }, "--jq and --template exclude each other" },
    { { "--jq", ".", "--exec", "cat" }, "--exec prints nothing" },
    { { "--template", "x", "--exec", "cat" }, "--exec prints nothing" },
    { { "--jq", ".[" }, "--jq: " },
  }) do
    it("are refused before anything is asked: " .. table.concat(case[1], " "), function()
      local words = { "watch", "lab", "fault", "status=500", "key=forms" }
      local out, err, code = bosa:run(again(words, (table.unpack or unpack)(case[1])))
      assert.same({ "", 4 }, { out, code })
      assert.truthy(err:find(case[2], 1, true), err)
      assert.equal(0, assert(hub:run("lab", "count", { key = "forms" })).data.count)
    end)
  end
end)

describe("bosa watch --exec", function()
  it("gives each item to the command's standard input, and never to a shell", function()
    local evil = [[$(touch PWNED) `touch PWNED` "; touch PWNED; ' | touch PWNED]]
    local words = watch("--rounds", "1", "--fields", "title", "--exec", "cat >>" .. bosa.dir .. "/got")
    open("calm")
    open(evil)
    local out, err, code = bosa:run(words)
    assert.same({ "", "", 0 }, { out, err, code })
    assert.equal(evil .. " calm", titles(command.read_file(bosa.dir .. "/got"), 2))
    assert.equal("", command.output_of("ls PWNED " .. bosa.dir .. "/PWNED 2>/dev/null"))
  end)

  it("passes on what the command prints", function()
    local words = watch("--rounds", "1", "--filter", "title=it", "--exec", "echo told; echo moaned >&2")
    open("it")
    local out, err, code = bosa:run(words)
    assert.same({ "told\n", "moaned\n", 0 }, { out, err, code })
  end)

  it("lets a command be that reads nothing", function()
    local words = watch("--rounds", "1", "--filter", "title=it", "--exec", "exec true")
    assert(hub:run("github", "create_issue", { owner = "watch", repo = "r" .. repos, title = "it",
      body = ("x"):rep(500000) }))
    assert.same({ "", "", 0 }, { bosa:run(words) })
  end)

  it("runs a command that failed again in the next round, and in the next run", function()
    local state, tries = bosa.dir .. "/state4", bosa.dir .. "/tries"
    local words = watch("--state", state, "--filter", "title=it", "--exec",
      ("echo . >>%s; test $(wc -l <%s) -gt 2"):format(tries, tries))
    open("it")
    local _, err, code = bosa:run(again(words, "--rounds", "2", "--every", "1"))
    assert.equal(0, code)
    local _, failures = err:gsub("bosa: the command ended with 1; it is run again for this item in the next", "")
    assert.equal(2, failures)
    for _ = 1, 2 do assert.same({ "", "", 0 }, { bosa:run(again(words, "--rounds", "1")) }) end
    assert.equal(".\n.\n.\n", command.read_file(tries))
  end)
end)

describe("Ctrl-C", function()
  it("ends bosa watch with 130, and what was told stays told", function()
    local state = bosa.dir .. "/state5"
    local words = watch("--state", state, "--fields", "title")
    open("told")
    local terminal = bosa:terminal(bosa:line(words) .. "; echo code=$?")
    terminal:wait_for('"title":"told"')
    local screen = terminal:press_until("C-c", "code=%d")
    terminal:close()
    assert.matches("code=130", screen)
    assert.is_nil(screen:find("traceback", 1, true))
    assert.is_nil(titles((bosa:run(again(words, "--rounds", "1")))):find("told", 1, true))
  end)
end)
