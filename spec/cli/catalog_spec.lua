--- bosa catalog and bosa skills.
local library = require("bosa")
local command = require("spec.support.command")
local server = require("spec.support.server")

local bosa

setup(function() bosa = command.start() end)
teardown(function() bosa:close() end)

local function decode(text)
  local value, err = library.json.decode(text)
  assert.is_nil(err)
  return value
end

--- What a command prints that goes well.
local function output(...) return bosa:output({ ... }) end

local lines = command.lines

describe("bosa catalog", function()
  it("lists tools, MCP servers and skills", function()
    assert.matches("github_get_issue_tool\tgithub\tRead one issue.", output("catalog", "tools"), 1, true)
    assert.matches("^github\t%d+\thttp://127.0.0.1:%d+/mcp/github\tGitHub\n", output("catalog", "mcps"))
    assert.matches("inbox-zero\topenclaw\talan\t\tAnswers", output("catalog", "skills"), 1, true)
  end)

  it("filters, and shows one page or all", function()
    local all = lines(output("catalog", "tools", "--all"))
    assert.equal(#all, #lines(output("catalog", "tools", "--all", "--limit", "4")))
    assert.equal(4, #lines(output("catalog", "tools", "--limit", "4")))
    assert.equal(all[3], lines(output("catalog", "tools", "--limit", "1", "--offset", "2"))[1])
    for _, line in ipairs(lines(output("catalog", "tools", "--connector", "lab"))) do
      assert.matches("\tlab\t", line, 1, true)
    end
    assert.equal("github_get_issue_tool\tgithub\tRead one issue.\n", output("catalog", "tools", "read", "one", "issue"))
    assert.equal(2, #lines(output("catalog", "skills", "--source", "openclaw")))
  end)

  it("gives JSON", function()
    local tools = decode(output("catalog", "tools", "--json", "--limit", "2"))
    assert.equal(2, #tools)
    assert.is_string(tools[1].name)
    assert.is_true(#decode(output("catalog", "tools", "--json", "--all")) > 2)
    assert.equal("[]\n", output("catalog", "skills", "--json", "no such thing"))
    assert.equal("issue-triage", decode(output("catalog", "search", "--json", "issue", "triage")).skills[1].name)
  end)

  it("searches", function()
    local found = lines(output("catalog", "search", "--kind", "skills", "--count", "1", "issue", "triage"))
    assert.same({ "skill\tissue-triage\t1.00\tSorts new issues by label and urgency." }, found)
  end)

  it("needs neither key nor token, but to search", function()
    local env = { BOSA_API_KEY = false, BOSA_TOKEN = false }
    local _, err, code = bosa:run({ "catalog", "tools" }, { env = env })
    assert.equal("", err)
    assert.equal(0, code)
    _, err, code = bosa:run({ "catalog", "search", "x" }, { env = env })
    assert.matches("^bosa: no user token was given", err)
    assert.equal(2, code)
  end)

  it("refuses what it does not know", function()
    for _, words in ipairs({
      { "catalog" }, { "catalog", "tools", "--limit", "0" }, { "catalog", "skills", "--source", "else" },
      { "catalog", "search" }, { "catalog", "search", "--kind", "mcps", "x" },
    }) do
      local out, err, code = bosa:run(words)
      assert.equal("", out)
      assert.matches("^bosa catalog[%w ]*: ", err)
      assert.not_equal(0, code)
    end
    local err = select(2, bosa:run({ "catalog", "mcps", "--limit", "x" }))
    assert.matches("^bosa catalog mcps: %-%-limit: a whole number", err)
  end)

  it("tells that a server has no catalog", function()
    local old = server.start("--dialect legacy")
    local _, err, code = bosa:run({ "catalog", "tools" }, { env = { BOSA_API_BASE_URL = old.url } })
    old.stop()
    assert.matches("this server has no catalog", err, 1, true)
    assert.equal(1, #lines(err))
    assert.not_equal(0, code)
  end)

  it("is completed", function()
    local out = output("__complete", "--", "catalog", "")
    assert.matches("tools\t", out, 1, true)
    assert.matches("search\t", out, 1, true)
    assert.matches("--connector\t", output("__complete", "--", "catalog", "tools", "--"), 1, true)
    assert.equal(":\n", output("__complete", "--", "skills", "install", "--dir", ""))
  end)
end)

describe("bosa skills", function()
  it("lists and shows, and hides the signed address", function()
    assert.matches("release%-helper\tupload_zip\t[%x-]+\tPrepares a release.\n", output("skills", "list"))
    local list = decode(output("skills", "list", "--json"))
    local out = output("skills", "show", "release-helper")
    assert.matches("\nid\t" .. list[2].id:gsub("%-", "%%-") .. "\n", out)
    assert.equal(out, output("skills", "show", list[2].id))
    assert.is_nil(out:find("Signature", 1, true))
    assert.equal("upload_zip", decode(output("skills", "show", "--json", "release-helper")).source_type)
  end)

  it("installs by name, and keeps what is there", function()
    local dir = bosa.dir .. "/skills"
    local paths = lines(output("skills", "install", "--dir", dir, "release-helper"))
    assert.equal(dir .. "/release-helper/SKILL.md", paths[1])
    assert.equal(3, #paths)
    local _, err, code = bosa:run({ "skills", "install", "--dir", dir, "release-helper" })
    assert.matches(dir .. "/release-helper/SKILL.md", err, 1, true)
    assert.equal(1, code)
    output("skills", "install", "--overwrite", "--dir", dir, "release-helper")
    assert.equal(dir .. "/own/SKILL.md", lines(output("skills", "install", "--name", "own", "--dir", dir,
      "release-helper"))[1])
    for _, name in ipairs({ "", "..", "a/b" }) do
      local _, why, exit_code = bosa:run({ "skills", "install", "--name", name, "--dir", dir, "release-helper" })
      assert.same({ "bosa: --name: the plain name of a folder expected\n", 4 }, { why, exit_code })
    end
    assert.same({ dir .. "/SKILL.md" }, { decode(output("skills", "install", "--json", "--flat", "--dir", dir,
      "release-helper"))[1] })
  end)

  it("says which skill there is not, and why one can't be had", function()
    local _, err, code = bosa:run({ "skills", "install", "nothing" })
    assert.equal("bosa: there is no skill `nothing`\n", err)
    assert.not_equal(0, code)
    _, err = bosa:run({ "skills", "install", "not-yet-taken" })
    assert.matches("snapshot", err, 1, true)
    _, err, code = bosa:run({ "skills", "list" }, { env = { BOSA_TOKEN = false } })
    assert.matches("^bosa: no user token was given", err)
    assert.equal(2, code)
  end)
end)
