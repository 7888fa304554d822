--- The examples of every help, which the man page has too, run as they are printed.
local command = require("spec.support.command")
local commands = require("bosa.cli.commands")

local bosa, sandbox, shells

setup(function()
  bosa, sandbox = command.start()
  shells = {}
end)
teardown(function()
  for _, shell in pairs(shells) do shell:close() end
  bosa:close()
end)

--- The lines of a module's examples, comments too.
local function lines_of(examples)
  local lines = {}
  for _, text in ipairs(examples) do
    for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  end
  return lines
end

--- The home of a command's examples, one after the other, with the files that they read.
local function home(name)
  if shells[name] then return shells[name] end
  local shell = command.new(sandbox)
  shells[name] = shell
  command.write_file(shell.dir .. "/report.pdf", "%PDF-1.7 report")
  command.write_file(shell.dir .. "/issue.json", '{"owner":"lua","repo":"lua","title":"A title"}')
  os.execute("mkdir -p " .. shell.dir .. "/.config/fish/completions")
  shell.env.KEY, shell.env.USER_NAME, shell.env.SECRET = sandbox.key, sandbox.user.identifier, sandbox.user.secret
  shell.env.TOKEN = sandbox.token
  shell.env.BROWSER = "env -u LD_PRELOAD curl -sL -o /dev/null"
  if name == "auth" then shell.env.BOSA_API_KEY, shell.env.BOSA_TOKEN = nil, nil end -- its session is looked at
  return shell
end

local function login() return ("%s\n%s\n%s\n"):format(sandbox.key, sandbox.user.identifier, sandbox.user.secret) end

-- what somebody types, by the line
local TYPED = {
  ["bosa auth login"] = login,
  ["bosa auth login --profile work"] = login,
  ["bosa integrations remove github ada@example.com"] = function() return "y\n" end,
}

-- what is no more, by the line: the sandbox's user has every account from the start
local BEFORE = {
  ["bosa integrations add github"] = "bosa integrations remove github ada@example.com --yes",
}

-- what lasts until Ctrl-C ends by itself here
local ENDED = {
  ["bosa watch"] = " --rounds 1",
}

local NOT_RUN = {
  ["bosa sandbox --port 8080"] = "it lasts until Ctrl-C, as sandbox_spec.lua shows, and the port may be taken",
}

local function check(name, line)
  local ended = ENDED[line:match("^bosa %S+")] or ""
  local typed, shell = TYPED[line], home(name)
  if BEFORE[line] then assert.equal(0, select(2, shell:shell(BEFORE[line]))) end
  local output, code = shell:shell(line .. ended, { stdin = typed and typed() })
  assert.equal(0, code, output)
end

local lists = { [""] = commands.examples }
for _, name in ipairs(commands.names) do lists[name] = commands.find(name).examples end

describe("the examples", function()
  for _, name in ipairs(command.with({ "" }, (table.unpack or unpack)(commands.names))) do
    local lines = lines_of(lists[name])

    it("are in the help of bosa " .. name, function()
      local help = bosa:output(name ~= "" and { name, "--help" } or { "--help" })
      assert.is_true(#lines >= 2)
      assert.matches("\nExamples:\n   # ", help, 1, true)
      for _, line in ipairs(lines) do
        assert.truthy(help:find("\n   " .. line .. "\n", 1, true) or help:find("\n   " .. line .. "$"), line)
      end
    end)

    for _, line in ipairs(lines) do
      if not line:find("^#") and not NOT_RUN[line] then
        it("run: " .. line, function() check(name, line) end)
      end
    end
  end

  it("are those of the man page", function()
    local page = command.read_file("doc/bosa.1"):match("\n%.Sh EXAMPLES\n(.*)"):gsub("\\%(aq", "'"):gsub("\\e", "\\")
    local shown = {}
    for line in page:gmatch("[^\n]+") do
      if not line:find("^%.") then shown[#shown + 1] = line end
    end
    local all = lines_of(lists[""])
    for _, name in ipairs(commands.names) do
      for _, line in ipairs(lines_of(lists[name])) do all[#all + 1] = line end
    end
    assert.same(all, shown)
  end)
end)
