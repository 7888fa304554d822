local command = require("spec.support.command")

local sandbox, bosa

setup(function() bosa, sandbox = command.start() end)
teardown(function() bosa:close() end)

-- code, what the line has to name, the words
local cases = {
  { 3, "frob", "frob" },
  { 3, "frob", "-v", "frob", "--json" },
  { 3, "command", "auth" },
  { 3, "frob", "auth", "frob" },
  { 3, "command", "users" },
  { 3, "frob", "users", "frob" },
  { 3, "frob", "integrations", "frob" },
  { 4, "--frob", "--frob" },
  { 4, "--api-url", "--api-url" },
  { 4, "--api-url must be", "--api-url", "ftp://x", "connectors" },
  { 4, "--allow-http", "--api-url", "http://example.com", "connectors" },
  { 3, "login, logout", "auth" },
  { 3, "`bosa run github list_issues`", "github", "list_issues", "owner=lua" },
  { 3, "`bosa --version`", "version" },
  { 4, "plain http", "--api-url", "http://example.com", "connectors" },
  { 4, "--frob", "auth", "login", "--frob" },
  { 4, "too many", "auth", "login", "a", "b", "c", "d" },
  { 4, "too many", "auth", "status", "a" },
  { 4, "connector", "integrations", "add" },
  { 4, "account", "integrations", "remove", "github" },
  { 4, "`bosa integrations remove --help`", "integrations", "remove", "github" },
  { 4, "account", "integrations", "select", "github" },
  { 4, "--port", "integrations", "add", "github", "--port", "99999" },
  { 4, "--timeout: seconds, above 0 and at most 86400,", "integrations", "add", "x", "--timeout", "0" },
  { 4, "--timeout", "integrations", "add", "x", "--timeout", "nan" },
  { 4, "--timeout", "run", "lab", "small", "--timeout", "1e3" },
  { 4, "--limit: a whole number from 1 to 2147483647 expected, not '0x10'", "search", "x", "--limit", "0x10" },
  { 4, "--limit: a whole number from 1 to 2147483647 expected, not '1e99'", "search", "x", "--limit", "1e99" },
  { 4, "--limit: a whole number from 1 to 200 expected, not '-1'", "catalog", "tools", "--limit", "-1" },
  { 4, "--offset: a whole number from 0 to 2147483647 expected, not '-5'", "catalog", "tools", "--offset=-5" },
  { 4, "--every: seconds from 1 to 1000000 expected, not '-1'", "watch", "lab", "small", "--every", "-1" },
  { 4, "--every: seconds from 1 to 1000000 expected, not '-.5'", "watch", "lab", "small", "--every", "-.5" },
  { 4, "--timeout: seconds, above 0 and at most 1000000, expected, not 'nan'", "run", "a", "b", "--timeout", "nan" },
  { 4, "--timeout: seconds, above 0 and at most 1000000, expected, not 'inf'", "run", "a", "b", "--timeout", "inf" },
  { 4, "unknown option '-1'", "run", "lab", "small", "--account", "-1" },
  { 4, "unknown option '-1'", "run", "lab", "small", "-1" },
  { 4, "--port", "sandbox", "--port", "65536" },
  { 4, "--seed: a whole number from 0 to 18446744073709551615 expected", "sandbox", "--seed", "1.5" },
  { 4, "--seed: a whole number from 0 to ", "sandbox", "--seed", "18446744073709551616" },
  { 4, "No such file", "integrations", "add", "github", "--config", "MISSING" },
  { 4, "no JSON", "integrations", "add", "github", "--config", "Makefile" },
  { 4, "JSON object", "integrations", "add", "github", "--config", "conformance/differences.json" },
  { 5, "nosuch", "integrations", "add", "nosuch" },
  { 5, "nosuch", "integrations", "show", "nosuch" },
  { 5, "not found", "integrations", "show", "github", "nobody" },
  { 5, "nobody", "integrations", "select", "github", "nobody" },
  { 5, "nobody", "integrations", "remove", "github", "nobody", "-y" },
  { 4, "..", "integrations", "show", "github", ".." },
  { 4, "username", "users", "create" },
  { 4, "username", "users", "create", "" },
  { 4, "too many", "connectors", "x" },
  { 4, "connector", "actions" },
  { 4, "githb", "actions", "githb" },
  { 4, "githb", "help", "githb" },
  { 4, "list_issues", "help", "github", "list_isues" },
  { 4, "too many", "help", "a", "b", "c" },
  { 4, "connector", "run" },
  { 4, "action", "run", "github" },
  { 4, "githb", "run", "githb", "list_issues" },
  { 4, "`github list_issues`", "run", "github.list_issues", "owner=lua" },
  { 4, "list_issues", "run", "github", "list_isues", "owner=lua" },
  { 4, "owner", "run", "github", "list_issues", "repo=x" },
  { 4, "`labels`", "run", "github", "list_issues", "owner=a", "repo=b", "labls=x" },
  { 4, "integer expected, got \"many\"", "run", "github", "list_issues", "owner=a", "repo=b", "limit=many" },
  { 4, "integer expected, got 1.5", "run", "github", "list_issues", "owner=a", "repo=b", "limit=1.5" },
  { 4, "boolean expected, got \"yes\"", "run", "lab", "download", "chunked=yes" },
  { 4, "open", "run", "github", "list_issues", "owner=a", "repo=b", "state=ajar" },
  { 4, "no JSON", "run", "github", "list_issues", "owner=a", "repo=b", "labels:=[bug" },
  { 4, "`word`", "run", "github", "list_issues", "word" },
  { 4, "owner=text", "run", "github", "list_issues", "owner" },
  { 4, "--fields number,title", "run", "github", "list_issues", "number,title" },
  { 4, "--input -", "run", "github", "list_issues", '{"owner":"lua"}' },
  { 4, "`=x`", "run", "github", "list_issues", "=x" },
  { 4, "twice", "run", "github", "list_issues", "owner=a", "owner=b" },
  { 4, "labels is given twice", "run", "github", "list_issues", 'labels:="bug"', "labels=a" },
  { 4, "labels is given twice", "run", "github", "list_issues", 'labels:={"a":1}', "labels=a" },
  { 4, "standard input", "run", "lab", "upload", "file@-", "note:=@-" },
  { 4, "filters:=", "run", "github", "list_issues", "owner=a", "repo=b", "filters=x" },
  { 4, "filters:=", "run", "github", "list_issues", "owner=a", "repo=b", "filters.value=x" },
  { 4, "file@", "run", "lab", "upload", "file=x" },
  { 4, "no such file", "run", "lab", "upload", "file@MISSING" },
  { 4, "directory", "run", "lab", "upload", "file@/tmp" },
  { 4, "number", "run", "lab", "upload", "number@Makefile", "file@Makefile" },
  { 4, "--fields", "run", "github", "list_issues", "--fields", "a,,b" },
  { 4, "--fields", "run", "github", "list_issues", "--fields", "a..b" },
  { 4, "--timeout: seconds, above 0", "run", "lab", "small", "--timeout", "soon" },
  { 4, "--max-attempts", "run", "lab", "small", "--max-attempts", "0" },
  { 4, "No such file", "run", "lab", "small", "--input", "MISSING" },
  { 4, "JSON", "run", "lab", "small", "--input", "Makefile" },
  { 4, "number", "sandbox", "--port", "x" },
  { 4, "--dialect", "sandbox", "--dialect", "x" },
  { 4, "no such file", "sandbox", "--", "MISSING" },
  { 4, "shell", "completion" },
  { 4, "tcsh", "completion", "tcsh" },
}

describe("bad input", function()
  for _, case in ipairs(cases) do
    local words = { (table.unpack or unpack)(case, 3) }
    it("gets one line and its code: bosa " .. table.concat(words, " "), function()
      for i, word in ipairs(words) do words[i] = word:gsub("MISSING", command.missing) end
      local out, err, code = bosa:run(words)
      assert.equal("", out)
      assert.matches("^bosa[^\n]*: [^\n]+\n$", err)
      assert.truthy(err:find(case[2], 1, true), err)
      assert.equal(case[1], code)
      local screen, code_there = bosa:on_terminal(words)
      assert.equal(err:gsub("reference [%w-]+", ""), screen:gsub("reference [%w-]+", ""))
      assert.equal(code, code_there)
    end)
  end

  it("without a command gets the help, and the code of a wrong one", function()
    local out, err, code = bosa:run({})
    assert.equal("", err)
    assert.matches("^Usage: bosa", out)
    assert.equal(3, code)
  end)

  it("has every command in the help", function()
    local out = bosa:run({ "--help" })
    for _, name in ipairs({ "auth", "integrations", "users", "connectors", "actions", "help", "run", "sandbox" }) do
      assert.matches("\n   " .. name .. " ", out)
    end
  end)
end)

describe("credentials", function()
  it("are asked for before anything is sent", function()
    local env = { BOSA_API_KEY = false, BOSA_TOKEN = false }
    for _, words in ipairs({ { "run", "lab", "small" }, { "integrations" }, { "users", "create", "x" } }) do
      local before = sandbox.stats().requests
      local _, err, code = bosa:run(words, { env = env })
      assert.equal(2, code)
      assert.matches("^bosa: no API key and no user token were given: [^\n]+\n$", err)
      assert.equal(before, sandbox.stats().requests)
    end
    local _, err, code = bosa:run({ "integrations" }, { env = { BOSA_TOKEN = false } })
    assert.equal(2, code)
    assert.matches("^bosa: no user token was given: [^\n]+\n$", err)
  end)

  it("that are wrong show in nothing that is printed", function()
    local env = { BOSA_API_KEY = "sk-client-0123456789abcdef", BOSA_TOKEN = "token-0123456789abcdef" }
    for _, words in ipairs({ { "run", "lab", "small" }, { "integrations" }, { "users", "create", "x" } }) do
      table.insert(words, "-v")
      local out, err, code = bosa:run(words, { env = env })
      assert.equal(2, code)
      assert.is_nil((out .. err):find("0123456789", 1, true))
    end
  end)
end)

describe("a missing library", function()
  it("is named with the packages that have it", function()
    local stub = bosa.dir .. "/stub.lua"
    command.write_file(stub, 'package.preload.luv = function() error("not here") end\n'
      .. 'package.preload.argparse = package.preload.luv\narg[0] = "bin/bosa"\ndofile("bin/bosa")\n')
    local out = command.output_of(("%s %s connectors 2>&1; echo $?"):format(os.getenv("BOSA_LUA"), stub))
    assert.matches("^bosa: [^\n]*lua%-argparse[^\n]*lua%-luv[^\n]*\n1\n$", out)
  end)
end)
