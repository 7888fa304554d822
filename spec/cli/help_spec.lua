--- Help: of the command, of its subcommands, of actions; in words that fit.
local command = require("spec.support.command")
local commands = require("bosa.cli.commands")
local process = require("spec.support.process")

local bosa

setup(function() bosa = command.start() end)
teardown(function() bosa:close() end)

local function output(words) return bosa:output(words) end

local function widest(text)
  local most = 0
  for line in text:gmatch("[^\n]+") do most = math.max(most, #line) end
  return most
end

describe("the help of an action", function()
  it("is what --help shows behind its name", function()
    local wanted = output({ "help", "github", "list_issues" })
    assert.matches("owner  string, required", wanted, 1, true)
    local places = { { "--help" }, { "-h" }, { "owner=lua", "--help" }, { "--all", "-h" }, { "-h", "repo=lua" } }
    for _, words in ipairs(places) do
      local line = { "run", "github", "list_issues" }
      for _, word in ipairs(words) do line[#line + 1] = word end
      assert.equal(wanted, output(line))
    end
    assert.equal(output({ "help", "github" }), output({ "run", "github", "--help" }))
    assert.matches("^Usage: bosa run ", output({ "run", "--help" }))
  end)

  it("ends in a line that would run it, with the signs that its parameters take", function()
    assert.matches("\n  bosa run github list_issues owner=... repo=...\n$", output({ "help", "github", "list_issues" }))
    assert.matches("\n  bosa run lab upload file@...\n$", output({ "help", "lab", "upload" }))
    local listening, stop = process.start("recording_server.lua")
    finally(stop)
    assert.matches("\n  bosa run made send files@...\n$",
      output({ "--api-url", listening:match("%S+$"), "help", "made", "send" }))
  end)

  it("is wrapped at words on a terminal", function()
    local wide = output({ "help", "github", "list_issues" })
    for _, columns in ipairs({ 40, 60, 140 }) do
      local screen = bosa:on_terminal({ "run", "github", "list_issues", "--help" }, nil, columns)
      assert.is_true(widest(screen) <= math.min(columns, 100))
      assert.equal(wide:gsub("%s+", " "), screen:gsub("%s+", " "))
    end
  end)

  it("goes through the pager, where it is longer than the screen", function()
    local line = bosa:line({ "run", "github", "list_issues", "--help" }, { PAGER = "sed 's/^/> /'" })
    local terminal = bosa:terminal(line .. "; echo code=$?", 80, 20)
    finally(function() terminal:close() end)
    assert.matches("\n>   bosa run github list_issues owner=... repo=...", terminal:wait_for("code=%d"), 1, true)
  end)

  it("that isn't there is an error with what was meant, or what there is", function()
    local cases = {
      { { "run", "github", "list_isues", "--help" }, "did you mean `list_issues`?" },
      { { "run", "github", "frobnicate" }, "there are create_issue, get_issue, " },
      { { "run", "githb", "list_issues" }, "did you mean `github`?" },
      { { "help", "githb" }, "did you mean `github`?" },
      { { "actions", "frobnicate" }, "there are github, google_drive, google_mail, lab" },
      { { "types", "labb" }, "did you mean `lab`?" },
      { { "run", "lab", "frobnicate" }, "`bosa actions lab` lists what there is" },
    }
    for _, case in ipairs(cases) do
      local _, err, code = bosa:run(case[1])
      assert.equal(4, code)
      assert.matches("^bosa: [^\n]+\n$", err)
      assert.truthy(err:find(case[2], 1, true), err)
    end
  end)
end)

describe("the help of a command", function()
  it("is as wide as the terminal, as long as it can be read", function()
    for _, columns in ipairs({ 60, 80, 140 }) do
      local screen = bosa:on_terminal({ "run", "--help" }, nil, columns)
      local before = screen:match("^(.-)\nExamples:")
      assert.is_true(widest(before) <= math.min(columns, 100), before)
      assert.is_true(widest(before) > math.min(columns, 100) - 20)
    end
  end)

  --- Calls `visit(words)` for a command and for all within it.
  local function each_command(words, visit)
    visit(words)
    for _, within in ipairs(commands.parser_of(words)._commands) do
      each_command(command.with(words, within._name), visit)
    end
  end

  it("fits on 50 and 80 columns, of every command", function()
    local count = 0
    for _, name in ipairs(commands.names) do
      each_command({ name }, function(words)
        count = count + 1
        for _, columns in ipairs({ 50, 80 }) do
          local text = commands.help(commands.parser_of(words), columns)
          assert.is_true(widest(text:match("^(.-)\nExamples:")) <= columns, text)
          for comment in text:gmatch("\n( *#[^\n]+)") do assert.is_true(#comment <= columns, comment) end
        end
      end)
    end
    assert.is_true(count > 30)
  end)

  it("wraps the comments of its examples, and leaves the commands whole", function()
    local screen = bosa:on_terminal({ "users", "--help" }, nil, 40)
    local wanted = "\n   # a new user of the client; the\n   # secret is shown this once\n   bosa users create grace@"
    assert.matches(wanted, screen, 1, true)
  end)

  it("is what `help` shows, of a command within another, too", function()
    assert.equal(output({ "run", "--help" }), output({ "help", "run" }))
    assert.equal(output({ "auth", "login", "--help" }), output({ "help", "auth", "login" }))
    assert.equal(output({ "--help" }), output({ "help" }))
    assert.matches("^Usage: bosa auth login ", output({ "help", "auth", "login" }))
  end)
end)
