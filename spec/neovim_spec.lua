--- The Neovim plugin: installed as a directory on 'runtimepath', without LUA_CPATH.
local command = require("spec.support.command")
local server = require("spec.support.server")
local bosa = require("bosa")

local sandbox, bin, place

--- A plugin directory: links to this checkout's; `build`: also to the module that was built.
local function plugin(name, build)
  local dir = bin.dir .. "/" .. name
  os.execute("mkdir -p " .. dir .. "/build")
  for _, part in ipairs({ "lua", "plugin", "doc" }) do
    os.execute(("ln -s %s/%s %s/%s"):format(command.quote(command.top), part, dir, part))
  end
  if build then
    local own = os.getenv("BOSA_BUILD") or "build"
    os.execute(("ln -s %s/luajit %s/build/luajit"):format(own:find("^/") and own or command.top .. "/" .. own, dir))
  end
  return dir
end

setup(function()
  sandbox = server.start()
  bin = command.new(sandbox)
  place = plugin("plugin", true)
end)
teardown(function()
  bin:close()
  sandbox.stop()
end)

--- The words of a shell that run Neovim with the plugin of `dir`. `env`: more variables, false takes one away.
local function line_of(dir, arguments, env)
  local all = {}
  for name, value in pairs(bin.env) do all[name] = value end
  for name, value in pairs(env or {}) do all[name] = value or nil end
  local words = { "env -u LUA_PATH -u LUA_CPATH -u BOSA_API_BASE_URL -u BOSA_API_KEY -u BOSA_TOKEN" }
  for name, value in pairs(all) do
    if not (env and env[name] == false) then words[#words + 1] = command.quote(name .. "=" .. value) end
  end
  words[#words + 1] = ("nvim -u NONE -i NONE --cmd 'set rtp^=%s' %s"):format(dir, arguments)
  return table.concat(words, " ")
end

--- What a headless Neovim prints; messages, too, where `all`.
local function output(dir, arguments, env, all)
  local line = "timeout 60 " .. line_of(dir, "--headless " .. arguments .. " -c 'qa!'", env)
  return (command.output_of(line .. (all and " 2>&1 </dev/null" or " 2>/dev/null </dev/null")):gsub("\r", ""))
end

local HEALTH = "-c 'checkhealth bosa' "
  .. "-c 'lua io.write(table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), string.char(10)))'"

describe("the plugin", function()
  local text
  setup(function() text = output(place, "-c 'luafile spec/hosts/editor.lua'") end)

  --- What the script said under a name.
  local function said(name)
    local from = ("\n" .. text):find("\n" .. name .. ": ", 1, true)
    assert.truthy(from, name .. "\n--- was not said:\n" .. text)
    return text:sub(from):match("^.-: ([^\n]*)")
  end

  for name, expected in pairs({
    ["Bosa git"] = "github",
    ["Bosa github list_i"] = "list_issues",
    ["Bosa! github get_"] = "get_issue",
    ["Bosa github list_issues ow"] = "owner=",
    ["Bosa github list_issues owner=x "] = "repo= direction= filters:= labels= limit= page= response_fields= "
      .. "response_filters:= sort= state=",
    ["Bosa github list_issues state="] = "state=open state=closed state=all",
    ["Bosa github list_issues state=o"] = "state=open",
    ["Bosa google_drive create_file fi"] = "file@",
    ["Bosa google_drive create_file file@Makef"] = "file@Makefile",
    ["Bosa nobody x"] = "",
  }) do
    it("completes " .. name, function() assert.equal(expected, said(name)) end)
  end

  it("completes JSON, too", function()
    assert.matches('\nBosa github list_issues {"owner": "lua", "rep: "repo": ?\n', text)
  end)

  it("shows a list as a table, whose items can be opened", function()
    assert.matches("^bosa://github/list_issues nofile false 5 id +number +title$", said("table"))
    assert.equal("80 true true", said("fits"))
    assert.matches("^https://[^ ]*/144$", said("opened"))
    assert.equal("bosa://github/list_issues/2.json json 144", said("without a browser"))
    assert.equal("bosa://github/list_issues", said("closed"))
    assert.equal("bosa://github/list_issues/3.json", said("as JSON"))
    assert.equal("more 2", said("next page"))
    assert.equal("bosa://github/list_issues 7 2", said("again"))
  end)

  it("shows JSON, files and whole numbers", function()
    assert.equal("bosa://github/list_issues.json json 1", said("raw"))
    assert.equal("bosa://lab/echo.json two 'words':=@-", said("object"))
    assert.equal("9007199254740993", said("integers"))
    assert.matches("^bosa://lab/download file [^\n]*%(10 bytes%)$", said("file"))
    assert.equal("200", said("upload"))
  end)

  it("says what is wrong", function()
    assert.matches("did you mean `list_issues`", said("Bosa github list_isues"))
    assert.matches("quote", said("Bosa github list_issues owner='lua"))
    assert.matches("`owner`: it has no value", said("Bosa github list_issues owner"))
    assert.matches("name=text", said("Bosa github list_issues [1]"))
    assert.matches("no standard input", said("Bosa lab echo text@-"))
    assert.matches("no standard input", said("Bosa lab echo object:=@-"))
    assert.matches("503", said("Bosa lab fault status=503"))
    assert.equal("github.list_issues: `limit`: integer expected, got 3.5; unknown parameter `stat`; did you mean "
      .. "`state`?", said("Bosa github list_issues owner=lua repo=lua limit=3.5 stat=x"))
    assert.equal("true", said("messages"))
  end)

  it("tells User autocommands", function()
    local events = said("events")
    assert.equal(7, select(2, events:gsub("BosaDone", "")))
    assert.equal(8, select(2, events:gsub("BosaError", "")))
    if events:find("BosaDone ", 1, true) then
      assert.matches("BosaDone 200", events)
      assert.matches("BosaError unknown_action", events)
    end
  end)

  it("asks for what isn't given", function()
    assert.equal("bosa://github/list_issues 4 Bosa github list_issues owner=lua 'repo=two words' state=all limit=2",
      said("picked"))
    assert.equal("9 owner (string) state (string)", said("asked"))
    assert.matches("\npicked: bosa://lab/small.json Action of lab, lab small \n", text)
    assert.equal("1", said("called off"))
  end)

  it("asks no server without a key and a token, and says how to give them", function()
    assert.matches("^0 auth no API key and no user token were given: .*vim.g.bosa", said("without credentials"))
  end)

  it("has vim.inspect say what its objects are", function()
    assert.equal("bosa (http://127.0.0.1:PORT)", said("inspected hub"))
    assert.equal("action github.get_issue", said("inspected action"))
    assert.equal("response github.get_issue (200) { number = 1 }", said("inspected response"))
    assert.equal("<userdata 1> { <userdata 1> } { 1 }", said("inspected others"))
  end)

  it("shows no secret of a user or a token", function() assert.equal("false false true", said("inspected")) end)
end)

describe("a plugin that isn't built", function()
  it("says in one line what to run, and so does :checkhealth", function()
    local dir = plugin("bare")
    local expected = "not built for Neovim yet: run `make nvim` in " .. dir
    local text = output(dir, "-c 'runtime plugin/bosa.lua' -c Bosa -c 'Bosa github list_issues'", nil, true)
    assert.equal(("bosa: %s\nbosa: %s"):format(expected, expected), (text:gsub("\n+", "\n"):gsub("^\n", "")))
    text = output(dir, HEALTH)
    assert.truthy(text:find(expected, 1, true), text)
    assert.is_nil(text:find("stack traceback", 1, true))
  end)

  it("says so of a core that can't be loaded", function()
    local dir = plugin("broken")
    os.execute("mkdir -p " .. dir .. "/build/luajit/bosa")
    command.write_file(dir .. "/build/luajit/bosa/core.so", "not a library")
    local text = output(dir, "-c 'runtime plugin/bosa.lua' -c Bosa", nil, true)
    assert.matches("^bosa: its core can't be loaded %(.+%): run `make clean nvim` in " .. dir:gsub("%p", "%%%0"), text)
  end)
end)

describe("the session of bosa auth login", function()
  local function login(url)
    os.execute("mkdir -p " .. bin.dir .. "/config/bosa")
    local path = bin.dir .. "/config/bosa/config.json"
    command.write_file(path, bosa.json.encode({ api_url = url, api_key = sandbox.key, token = sandbox.token }))
    os.execute("chmod 600 " .. path)
  end
  local bare = { BOSA_API_BASE_URL = false, BOSA_API_KEY = false, BOSA_TOKEN = false }

  it("is used where no variables are set", function()
    assert.matches("no API key", output(place, HEALTH, bare))
    login(sandbox.url)
    assert.matches("responds: github", output(place, HEALTH, bare))
  end)

  it("goes to no other server", function()
    login("https://elsewhere.example.com")
    local env = { BOSA_API_BASE_URL = sandbox.url, BOSA_API_KEY = false, BOSA_TOKEN = false }
    assert.matches("no API key", output(place, HEALTH, env))
  end)

  it("that others can write is not used, which is said", function()
    login(sandbox.url)
    os.execute("chmod 666 " .. bin.dir .. "/config/bosa/config.json")
    assert.matches("others can write", output(place, HEALTH, bare))
    os.execute("rm -r " .. bin.dir .. "/config/bosa")
  end)
end)

describe("Neovim in a terminal", function()
  local terminal
  after_each(function() terminal:close() end)

  it("runs an action, closes its table, and has help", function()
    terminal = bin:terminal(line_of(place, ("-c 'runtime plugin/bosa.lua' -c 'helptags %s/doc'"):format(place)))
    terminal:wait_for("NVIM")
    terminal:type(":Bosa github list_is")
    terminal:press("Tab")
    terminal:wait_for(":Bosa github list_issues")
    terminal:type(" owner=lua repo=lua limit=2")
    terminal:press("Enter")
    local screen = terminal:wait_for("145 +Memory growth")
    assert.matches("bosa://github/list_issues", screen)
    terminal:press("q")
    terminal:type(":echo 'left' . winnr('$')")
    terminal:press("Enter")
    terminal:wait_for("left1")
    terminal:type(":help :Bosa")
    terminal:press("Enter")
    terminal:wait_for("%*:Bosa%*")
  end)

  it("asks with its own dialogs, each on a screen of its own", function()
    terminal = bin:terminal(line_of(place, "-c 'runtime plugin/bosa.lua'"))
    terminal:wait_for("NVIM")
    terminal:type(":Bosa lab")
    terminal:press("Enter")
    local number = terminal:wait_for("\n%d+: integers .*Type number"):match("\n(%d+): integers ")
    terminal:type(number)
    terminal:press("Enter")
    local screen = terminal:wait_for("1: Run\n.*Type number")
    assert.matches("\nlab integers *\n1: Run\n", screen)
    assert.is_nil(screen:find("Action of lab", 1, true))
    terminal:press("Enter")
  end)
end)
