--- Each command once through a pipe and once on a terminal: what reads is right for both, and no secret in either.
local command = require("spec.support.command")

local sandbox, bosa

setup(function() bosa, sandbox = command.start() end)
teardown(function() bosa:close() end)

--- Sessions: words, what both show, and the exit code. `same`: a terminal shows what a pipe gets, to the letter.
local sessions = {
  { { "connectors" }, { "github", "google_drive", "google_mail", "lab" }, same = true },
  { { "connectors", "--json" }, { "github" } },
  { { "actions", "github" }, { "list_issues", "List the issues of a repository." } },
  { { "help", "github" }, { "list_issues", "create_issue" }, same = true },
  { { "help", "github", "list_issues" }, { "owner", "required", "bosa run github list_issues" }, same = true },
  { { "auth", "status" }, { "127.0.0.1" } },
  { { "integrations" }, { "github" } },
  { { "integrations", "show", "github" }, { "ada@example.com" } },
  { { "run", "github", "get_issue", "owner=lua", "repo=lua", "issue_number=7" }, { "title", "state" } },
  { { "snapshot", "lab" }, { '"lab"', '"echo"' }, same = true },
  { { "types", "google_mail" }, { "---@class bosa.connectors.google_mail" }, same = true },
  { { "completion", "bash" }, { "__complete" }, same = true },
  { { "sandbox", "--", "sh", "-c", "echo $BOSA_API_BASE_URL" }, { "http://127.0.0.1:" } },
  { { "--version" }, { "bosa " .. require("bosa").version }, same = true },
  { {}, { "Usage: bosa" }, code = 3, same = true },
  { { "nothing" }, { "unknown command 'nothing'" }, code = 3, same = true },
  { { "rnu" }, { "unknown command 'rnu'; did you mean 'run'?" }, code = 3, same = true },
  { { "run", "github" }, { "missing argument 'action'; `bosa actions CONNECTOR` lists them" }, code = 4, same = true },
  { { "run", "github", "list_issues", "--limit", "3" }, { "without dashes: limit=..." }, code = 4, same = true },
  { { "run", "github", "get_issue", "owner=lua" }, { "missing parameter" }, code = 4, same = true },
  { { "help", "gitlab" }, { "gitlab" }, code = 4 },
}

--- Without the second in which a snapshot was taken: the next may have begun.
local function undated(text) return (text:gsub('("taken": )"[^"]*"', "%1")) end

local function check(text, session)
  for _, words in ipairs(session[2]) do assert.truthy(text:find(words, 1, true), words .. " in:\n" .. text) end
  for _, secret in ipairs({ sandbox.key, sandbox.token, sandbox.user.secret }) do
    assert.is_nil(text:find(secret, 1, true))
  end
end

describe("bosa", function()
  for _, session in ipairs(sessions) do
    local name = table.concat(session[1], " ")
    it(name .. " reads well through a pipe and on a terminal", function()
      local out, err, code = bosa:run(session[1])
      check(out .. err, session)
      assert.equal(session.code or 0, code)
      local screen, screen_code = bosa:on_terminal(session[1], { NO_COLOR = "1" })
      check(screen, session)
      assert.equal(session.code or 0, screen_code)
      assert.is_nil((out .. err .. screen):find("\27", 1, true))
      if session.same then assert.equal(undated(out .. err), undated(screen)) end
    end)
  end
end)
