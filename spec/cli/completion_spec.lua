local command = require("spec.support.command")
local wire = require("spec.support.wire")

local bosa

local function complete(...)
  local out = bosa:output({ "__complete", "--", ... })
  local words = {}
  for word in out:gmatch("([^\t\n]*)[^\n]*\n") do words[#words + 1] = word end
  return table.concat(words, " ")
end

--- Fills the cache, then takes the server away: completion has to do without.
setup(function()
  bosa = command.start()
  for _, words in ipairs({ { "connectors" }, { "actions", "github" }, { "actions", "lab" } }) do
    assert.equal(0, select(3, bosa:run(words)))
  end
  bosa:stop_server()
end)
teardown(function() bosa:close() end)

describe("what a word may become", function()
  it("comes from the commands", function()
    local words = " " .. complete("") .. " "
    for _, name in ipairs({ "auth", "integrations", "users", "connectors", "actions", "help", "run", "sandbox" }) do
      assert.truthy(words:find(" " .. name .. " ", 1, true))
    end
    assert.equal("login logout status list", complete("auth", ""))
    assert.equal("add", complete("integrations", "a"))
    assert.equal("run", complete("--api-url", bosa.env.BOSA_API_BASE_URL, "-v", "ru"))
    assert.equal("", complete("frob", ""))
    assert.equal("bash fish zsh", complete("completion", ""))
  end)

  it("comes from the options", function()
    assert.equal("--all --account", (complete("run", "--a"):gsub("%-%-api%-url ", ""):gsub("%-%-allow%-http ", "")))
    assert.equal("--output", complete("run", "github", "list_issues", "--out"))
    assert.equal("--yes", complete("integrations", "remove", "--y"))
    assert.equal(":", complete("run", "--output", ""))
    assert.equal("", complete("run", "--account", ""))
  end)

  it("comes from the cache", function()
    assert.equal("github google_drive google_mail lab", complete("run", ""))
    assert.equal("google_drive google_mail", complete("integrations", "add", "goo"))
    assert.equal("github", complete("actions", "git"))
    assert.equal("list_issues", complete("run", "github", "list_i"))
    assert.equal("list_issues", complete("help", "github", "list_i"))
    assert.equal("owner= repo= direction= filters:= labels= limit= page= response_fields= response_filters:= sort= "
      .. "state=", complete("run", "github", "list_issues", ""))
    assert.equal("file@", complete("run", "lab", "upload", "fi"))
  end)

  it("comes from the schema of responses, and from an option's choices", function()
    assert.equal("comments created_at number state title", complete("run", "github", "list_issues", "--fields", ""))
    assert.equal("number,title", complete("run", "github", "list_issues", "owner=lua", "--fields", "number,ti"))
    assert.equal("", complete("run", "github", "nothing_like_it", "--fields", ""))
    assert.equal("", complete("run", "--fields", ""))
    assert.equal("", complete("catalog", "tools", "--fields", ""))
    assert.equal("tools", complete("catalog", "search", "--kind", "to"))
    assert.equal("vscode", complete("mcp", "github", "--print-config", "v"))
  end)

  it("leaves out what is there, but not a list", function()
    assert.equal("repo= response_fields= response_filters:=",
      complete("run", "github", "list_issues", "owner=lua", "--all", "r"))
    assert.equal("labels=", complete("run", "github", "list_issues", "labels=a", "lab"))
    assert.equal("", complete("run", "github", "list_issues", "owner=lua", "ow"))
  end)

  it("is a value where the schema lists them, and a file behind @", function()
    assert.equal("state=open state=closed state=all", complete("run", "github", "list_issues", "state="))
    assert.equal("chunked=true", complete("run", "lab", "download", "chunked=t"))
    assert.equal(":", complete("run", "lab", "upload", "file@"))
  end)

  it("is nothing where the cache is empty", function()
    local out, err, code = bosa:run({ "__complete", "--", "run", "" }, { env = { XDG_CACHE_HOME = command.missing } })
    assert.equal("", out .. err)
    assert.equal(0, code)
  end)
end)

describe("completion in", function()
  local terminal

  --- A shell in a terminal, in a directory with a file, that finds `bosa` by its name.
  local function shell(program, start)
    local dir = bosa.dir .. "/home"
    os.execute("mkdir -p " .. dir)
    command.write_file(dir .. "/report.pdf", "x")
    local line = bosa:line({}):gsub(" %S+ bin/bosa ?$", "")
    command.write_file(bosa.dir .. "/bosa", ("#!/bin/sh\nexec %s %s/bin/bosa \"$@\"\n"):format(os.getenv("BOSA_LUA"),
      command.top))
    os.execute("chmod +x " .. bosa.dir .. "/bosa")
    terminal = bosa:terminal(("cd %s; PATH=%s:$PATH exec %s PS1='$ ' %s"):format(dir, bosa.dir, line, program))
    terminal:type(start)
    terminal:press("Enter")
    terminal:wait_for("ready")
  end
  after_each(function() terminal:close() end)

  --- Types words, the last of them in part, Tab, and a mark where the cursor is then.
  local function expect(words, part, wanted)
    terminal:type("bosa " .. words .. part)
    terminal:press("Tab")
    terminal:type("X")
    terminal:wait_for(("bosa " .. words .. wanted .. "X"):gsub("%p", "%%%0"))
    terminal:press("C-u")
  end

  local function session()
    expect("", "integ", "integrations ")
    expect("run ", "gith", "github ")
    expect("run github ", "list_i", "list_issues ")
    expect("run github list_issues ", "own", "owner=")
    expect("run github list_issues owner=lua ", "rep", "repo=")
    expect("run github list_issues ", "filt", "filters:=")
    expect("run github list_issues ", "state=cl", "state=closed ")
    expect("run lab upload ", "fi", "file@")
    expect("run lab upload ", "file@rep", "file@report.pdf ")
    expect("run lab small --output ", "rep", "report.pdf ")
  end

  it("bash", function()
    shell("bash --norc --noprofile", 'set +o history; source <(bosa completion bash); echo rea""dy')
    session()
  end)

  it("zsh", function()
    shell("zsh -f", 'autoload -U compinit; compinit -u -D; source <(bosa completion zsh); echo rea""dy')
    session()
  end)

  it("fish", function()
    shell("fish --no-config", 'bosa completion fish | source; echo rea""dy')
    session()
  end)

  --- Completes what a hostile server allows, and runs the line: nothing of it is a command.
  local function hostile(program, start)
    local hostile_server = wire.start_hostile()
    local url = bosa.env.BOSA_API_BASE_URL
    bosa.env.BOSA_API_BASE_URL = hostile_server.url
    finally(function()
      terminal:close() -- it holds the server's standard input, too
      hostile_server.stop()
      bosa.env.BOSA_API_BASE_URL = url
    end)
    bosa:run({ "actions", "evil" })
    shell(program, start)
    local i = 0
    for part in ("choice=s choice=t choice=a choice=c choice=e choice=f n"):gmatch("%S+") do
      i = i + 1
      terminal:type("bosa run evil act case=text " .. part)
      terminal:press("Tab")
      terminal:type(" X" .. i) -- shown once the word is completed
      terminal:wait_for("X" .. i)
      terminal:press("Enter")
      terminal:wait_for("bosa: `X" .. i .. "`") -- the command complains of that word
    end
    assert.equal("report.pdf\n", command.output_of("ls " .. bosa.dir .. "/home"))
  end

  it("bash runs nothing that a server chose", function()
    hostile("bash --norc --noprofile", 'set +o history; source <(bosa completion bash); echo rea""dy')
  end)

  it("zsh runs nothing that a server chose", function()
    hostile("zsh -f", 'autoload -U compinit; compinit -u -D; source <(bosa completion zsh); echo rea""dy')
  end)

  it("fish runs nothing that a server chose", function()
    hostile("fish --no-config", 'bosa completion fish | source; echo rea""dy')
  end)
end)
