--- The examples, and the snippets of the README and of doc/, each a program of its own against the sandbox.
local command = require("spec.support.command")
local server = require("spec.support.server")

local sandbox
setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)

local function run(path)
  local environment = ("BOSA_EXAMPLE_ALONE=1 BOSA_API_BASE_URL=%s BOSA_API_KEY=%s BOSA_TOKEN=%s"):format(
    sandbox.url, sandbox.key, sandbox.token)
  local lua = os.getenv("BOSA_LUA") or "lua5.4"
  local process = io.popen(("%s timeout 60 %s %s 2>&1; echo exit $?"):format(environment, lua, path))
  local text = process:read("*a")
  process:close()
  return text
end

describe("the example", function()
  local expected = {
    direct = "status\t200",
    fluent = "attempts\t1",
    paging = "forward\t1 2 3\nbackward\t3 2 1",
    several_actions = "made and found\ttrue",
    hub_run = "no title was sent",
    demo = "status 200 after 3 attempts",
    sign_up = "signed in as",
    oauth = "came back: GET /callback",
    upload = "from a function\trows.csv",
    download = "in chunks\t2000000",
    parallel = "answers\t50",
    prefetch = "items\t400",
    testing = "recorded and replayed\t2\t2",
    tools = "is an error\tfalse",
    hooks = "refused\ttrue\tgoogle_drive.delete_file: this program deletes nothing",
    snapshot = "breaks callers\tgithub.get_issue",
    catalog = "release-helper\t3 files",
    spans = "\"name\":\"github.list_issues\",\"parentSpanId\"",
    retries = "lost\tnil\tconnection\tsent maybe\tattempts 1",
  }
  for name in io.popen("ls examples/*.lua"):lines() do
    local short = name:match("([%w_]+)%.lua$")
    it(short .. " runs", function()
      local text = run(name)
      assert.matches("exit 0\n$", text)
      assert.truthy(text:find(assert(expected[short], "nothing is expected of it yet"), 1, true), text)
    end)
  end
end)

--- Every block of Lua in a text is a program that runs.
local function check_snippets(name)
  local f = assert(io.open(name))
  local text = f:read("*a")
  f:close()
  local count = 0
  for snippet in text:gmatch("\n```lua\n(.-)\n```") do
    count = count + 1
    it("has a snippet that runs: " .. snippet:match("^[^\n]*"), function()
      local path = os.tmpname()
      local out = assert(io.open(path, "w"))
      out:write(snippet, "\n")
      out:close()
      local output = run(path)
      os.remove(path)
      assert.matches("exit 0\n$", output)
    end)
  end
  return count
end

--- Every block of a shell's commands runs, each in a directory of its own; but for those that say why they can't.
local function check_commands(name)
  for text, block in ("\n" .. command.read_file(name)):gmatch("(.-)\n```sh\n(.-)\n```") do
    if not text:match("[^\n]*$"):find("^<!%-%- not run: .+ %-%->$") then
      it("has commands that run: " .. block:match("^[^\n]*"), function()
        local shell = command.new(sandbox)
        local output, code = shell:shell(block)
        shell:close()
        assert.equal(0, code, output)
      end)
    end
  end
end

--- The anchors of a page, as GitHub and tools/site.lua name its headings.
local function anchors_of(name)
  local anchors = {}
  for heading in ("\n" .. command.read_file(name)):gsub("\n```.-\n```", "\n"):gmatch("\n#+ +([^\n]+)") do
    anchors[heading:lower():gsub("%b()", function(link) return link:find("^%(http") and "" or link end)
      :gsub("[^%w%s_\128-\255-]", ""):gsub("%s", "-")] = true
  end
  return anchors
end

--- Every link of a page to a file of this repository, and to a heading of a page, leads somewhere.
local function check_links(name)
  local dir = name:match("^(.*/)") or ""
  local count = 0
  for link in command.read_file(name):gsub("\n```.-\n```", "\n"):gmatch("%]%(([^)%s]+)%)") do
    if not link:find("^%a+:") then
      count = count + 1
      local path, anchor = link:match("^([^#]*)#?(.*)$")
      path = path == "" and name or dir .. path
      assert.truthy(io.open(path), link)
      if anchor ~= "" then assert.is_true(anchors_of(path)[anchor], "no heading for " .. link) end
    end
  end
  return count
end

describe("README.md", function()
  local count = check_snippets("README.md")
  check_commands("README.md")
  it("has a snippet", function() assert.is_true(count >= 1) end)
  it("is short", function() assert.is_true(#command.read_file("README.md") <= 6000) end)
  it("links to what is there", function() assert.is_true(check_links("README.md") > 10) end)
end)

for name in io.popen("ls doc/*.md CHANGELOG.md CONTRIBUTING.md SECURITY.md"):lines() do
  describe(name, function()
    check_snippets(name)
    check_commands(name)
    it("links to what is there", function() check_links(name) end)
  end)
end

describe("the recording", function()
  it("is drawn from a session", function()
    if command.output_of("command -v tmux") == "" then return pending("tmux is not installed") end
    local path = os.tmpname()
    local said = command.output_of(("cd %s && tools/recording.sh %s 2>&1; echo exit $?"):format(command.top, path))
    assert.equal("exit 0\n", said)
    local drawing = command.read_file(path)
    os.remove(path)
    assert.matches(">$ bosa run github list_issues owner=lua repo=lua state=open limit=4</text>", drawing, 1, true)
    assert.matches('class="bold">number', drawing, 1, true)
    assert.matches("unknown parameter `onwer`", drawing, 1, true)
    assert.matches(">$ lua5.4 prs.lua</text>", drawing, 1, true)
    assert.matches("18 +Rename error paths</text>", drawing)
    assert.is_nil(drawing:find("\27", 1, true))
  end)
end)
