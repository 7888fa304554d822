--- Tables on terminals of 50, 80 and 140 columns: nothing wraps, nothing vanishes, and what is left out is said.
local library = require("bosa")
local command = require("spec.support.command")
local display_width = require("bosa.cli.display_width")
local process = require("spec.support.process")

local bosa, terminal

local FAMILY = "👨‍👩‍👧"
local LONG = ("A title of many words, "):rep(8) .. "with an end"
local TITLES = { -- the newest issues of the repository, the last one first
  LONG, "日本語のとても長い題名" .. ("がつづく"):rep(10), "Emoji " .. ("🎉"):rep(40), FAMILY .. " and cafe\204\129",
}

local function run(...) return bosa:output({ "run", "github", ... }) end

setup(function()
  bosa = command.start()
  bosa.env.NO_COLOR = "1"
  for _, title in ipairs(TITLES) do
    run("create_issue", "owner=lua", "repo=wide", "title=" .. title, "body=One line\n\n  and another " .. LONG)
  end
end)
teardown(function() bosa:close() end)
after_each(function()
  if terminal then terminal:close() end
  terminal = nil
end)

local LIST = { "run", "github", "list_issues", "owner=lua", "repo=wide", "limit=4" }

local with = command.with

local lines = command.lines

--- What a terminal shows once the command is over, in lines.
local function on_screen(words, columns, rows, env)
  terminal = bosa:terminal(bosa:line(words, env) .. "; echo code=$?", columns, rows)
  local screen = terminal:wait_for("code=%d")
  return lines(screen:match("^(.-)code=")), screen
end

describe("a table", function()
  it("shows ids whole, where they leave room for more, and people by their address", function()
    local out = bosa:run({ "run", "google_drive", "search_files", "page_size=1" })
    local file = library.json.decode(out)[1]
    local words = { "run", "google_drive", "search_files", "page_size=1" }
    for columns, whole in pairs({ [50] = false, [80] = true, [140] = true }) do
      local shown = on_screen(words, columns, 40)
      assert.matches("^id +name", shown[1])
      assert.equal(whole, shown[2]:find(file.id, 1, true) == 1, shown[2])
      assert.matches("^1 item; ", shown[3])
      local owner = "  " .. file.owners[1].email_address .. "  "
      assert.equal(columns == 140, shown[2]:find(owner, 1, true) ~= nil, shown[2])
      terminal:close()
    end
    terminal = nil
  end)

  it("shows the ids of skills whole, too", function()
    local shown = on_screen({ "skills", "list" }, 80, 40)
    local id = shown[2]:match("^%S+  +%S+  +(%S+)")
    assert.matches("^%x+%-%x+%-%x+%-%x+%-%x+$", id)
  end)

  --- The terminal itself is asked: where the marks after a cut title are depends on the cells that it takes.
  for _, columns in ipairs({ 50, 80, 140 }) do
    it("of long, wide and joined characters fits on " .. columns .. " columns", function()
      local shown = on_screen(LIST, columns, 40)
      local heads = shown[1]
      assert.matches("^id +number +title", heads)
      local notes = #shown - 5
      assert.is_true(notes == 1 or notes == 2, table.concat(shown, "\n"))
      assert.matches("%+%d+ columns: %-%-fields %a", shown[#shown])
      for i, title in ipairs(TITLES) do
        local row = shown[6 - i]
        assert.truthy(row:find(title:sub(1, 6), 1, true), row)
        if i < 4 then assert.truthy(row:find("…", 1, true), row) end
      end
      if columns > 50 then
        local state = heads:find("state", 1, true)
        assert.equal("open", shown[5]:sub(state, state + 5):match("%a+")) -- the row of ASCII and an ellipsis of 3 bytes
      end
    end)
  end

  it("has room for more on a wider terminal", function()
    local counts = {}
    for i, columns in ipairs({ 50, 80, 140 }) do
      local screen = bosa:on_terminal(LIST, nil, columns)
      counts[i] = select(2, lines(screen)[1]:gsub("%S+", ""))
    end
    assert.is_true(counts[1] < counts[2] and counts[2] < counts[3])
  end)

  it("cuts by cells, never within a character", function()
    local words = with(LIST, "--fields", "title,number")
    local rows = lines((bosa:on_terminal(words, nil, 26)))
    local number = rows[2]:match("%d+$")
    local width = 26 - 2 - #"number"
    assert.equal(FAMILY .. " and cafe\204\129" .. (" "):rep(width - 11) .. "  " .. number, rows[2])
    assert.matches("^Emoji 🎉🎉🎉🎉🎉…   %d+$", rows[3]) -- 6 + 5 * 2 + 1 of 18
    assert.matches("^日本語のとても長…   %d+$", rows[4]) -- 8 * 2 + 1
    assert.equal(LONG:sub(1, width - 1) .. "…", rows[5]:match("^(.-)  %d+$"))
  end)

  it("keeps a value of several lines on one", function()
    local rows = lines((bosa:on_terminal(with(LIST, "--fields", "number,body"))))
    assert.equal(6, #rows)
    assert.matches("^%d+ +One line and another A title", rows[2])
    for line in bosa:run({ "integrations", "show", "github" }):gmatch("[^\n]+") do assert.matches("\t", line) end
  end)

  it("is as wide as COLUMNS says", function()
    local rows = lines((bosa:on_terminal(LIST, { COLUMNS = "60" }, 140)))
    assert.is_true(#rows[1] <= 60)
    assert.is_true(#rows[5]:gsub("…", "x") <= 60)
    assert.equal(lines((bosa:on_terminal(LIST, nil, 60)))[5], rows[5])
    assert.equal(lines((bosa:on_terminal(LIST, { COLUMNS = "none" }, 60)))[5], rows[5])
  end)

  it("with more columns than there is room for says so", function()
    local names = "number,title,state,comments,created_at,updated_at,user.login,id"
    local screen = bosa:on_terminal(with(LIST, "--fields", names), nil, 30)
    assert.matches("%+%d+ columns: too narrow here", screen)
    for _, i in ipairs({ 1, 5, 6 }) do assert.is_true(#lines(screen)[i]:gsub("…", "x") <= 30) end -- those of ASCII
  end)
end)

describe("an empty list", function()
  local none = { "run", "lab", "list_pages", "total=0" }

  it("says so on a terminal", function()
    for _, words in ipairs({ none, with(none, "--all") }) do
      local screen, code = bosa:on_terminal(words)
      assert.equal("no items\n", screen)
      assert.equal(0, code)
    end
    assert.equal("[]\n", (bosa:on_terminal(with(none, "--json"))))
  end)

  it("is [] in a pipe, and no line with --all", function()
    for words, wanted in pairs({ [none] = "[]\n", [with(none, "--all")] = "" }) do
      local out, err, code = bosa:run(words)
      assert.equal(wanted, out)
      assert.equal("", err)
      assert.equal(0, code)
    end
  end)
end)

describe("--all on a terminal", function()
  it("is one table of all pages, with the columns of the first", function()
    local rows = lines((bosa:on_terminal({ "run", "lab", "list_pages", "total=95", "--all" })))
    assert.equal(96, #rows)
    assert.matches("^id +name", rows[1])
    for i = 1, 95 do
      assert.equal(tostring(i), rows[i + 1]:match("^%d+"))
      assert.equal(rows[2]:find("item", 1, true), rows[i + 1]:find("item", 1, true))
    end
  end)

  it("is JSON lines with --json, and in a file", function()
    local path = bosa.dir .. "/all"
    local screen = bosa:on_terminal({ "run", "lab", "list_pages", "total=25", "--all", "--json", "--fields", "id" })
    assert.equal(25, #lines(screen))
    assert.equal('{"id":1}', lines(screen)[1])
    bosa:on_terminal({ "run", "lab", "list_pages", "total=25", "--all", "--fields", "id", "-o", path })
    assert.equal(screen, command.read_file(path))
  end)

  it("goes through less, where it is longer than the screen", function()
    local line = bosa:line({ "run", "lab", "list_pages", "total=200", "--all" })
    terminal = bosa:terminal(line .. "; echo code=$?", 80, 20)
    local screen = terminal:wait_for("\n:%s*$")
    assert.matches("^id +name", screen)
    assert.is_nil(screen:find("item 0000030", 1, true))
    terminal:press("G")
    terminal:wait_for("item 0000200")
    terminal:press("q")
    screen = terminal:wait_for("code=%d")
    assert.matches("code=0", screen)
  end)

  it("ends well when the pager is left early, and asks for no more pages", function()
    local pages_before = bosa.sandbox.stats().executions.list_pages or 0
    local line = bosa:line({ "run", "lab", "list_pages", "total=5000", "delay_ms=100", "--all" })
    terminal = bosa:terminal(line .. "; echo code=$?", 80, 20)
    terminal:wait_for("item 0000015")
    local screen = terminal:press_until("q", "code=%d")
    assert.matches("code=0", screen)
    assert.is_nil(screen:find("bosa:", 1, true))
    local pages = bosa.sandbox.stats().executions.list_pages - pages_before
    assert.is_true(pages < 5000 / 20, pages .. " pages were asked for")
  end)

  it("leaves the pager its terminal until it is left, whatever Ctrl-C ends", function()
    local line = bosa:line({ "run", "lab", "list_pages", "total=5000", "delay_ms=300", "--all" })
    terminal = bosa:terminal(line .. "; echo code=$?", 80, 20)
    terminal:wait_for("item 0000015")
    terminal:press("C-c")
    local screen = terminal:press_until("q", "code=%d+")
    assert.matches("code=130", screen)
    assert.is_nil(screen:find("traceback", 1, true))
  end)

  it("needs no pager on a screen that it fits on", function()
    local words = { "run", "lab", "list_pages", "total=30", "--all" }
    local shown = on_screen(words, 80, 40, { PAGER = "echo PAGED; cat" })
    assert.is_nil(table.concat(shown):find("PAGED", 1, true))
    assert.matches("^id", shown[1])
  end)

  it("goes through $PAGER, and through none where that is empty", function()
    local words = { "run", "lab", "list_pages", "total=60", "--all" }
    local _, screen = on_screen(words, 80, 20, { PAGER = "sed 's/^/> /'" })
    assert.matches("\n> 60 +item 0000060", screen)
    terminal:close()
    _, screen = on_screen(words, 80, 20, { PAGER = "" })
    assert.matches("\n60 +item 0000060", screen)
  end)
end)

describe("--all of pages that differ", function()
  local made, stop

  setup(function()
    local line
    line, stop = process.start("pages_server.lua")
    made = command.new({ url = line:match("^listening (%S+)"), key = "sk-client-x" })
    made.env.NO_COLOR = "1"
  end)
  teardown(function()
    made:close()
    stop()
  end)

  --- The words that list pages with these items; `total`: what the server tells; `lost`: it has no last page.
  local function pages(list, total, lost)
    for i, items in ipairs(list) do
      local has_next = lost or i < #list
      local meta = { has_next = has_next, total = total, forwards_cursor = has_next and tostring(i + 1) or nil }
      local body = { data = library.array(items), meta = meta }
      command.write_file(("%s/%d"):format(made.dir, i), library.json.encode(body))
    end
    os.remove(("%s/%d"):format(made.dir, #list + 1))
    return { "run", "made", "list", "dir=" .. made.dir, "--all" }
  end

  local function items(from, to, more)
    local list = {}
    for i = from, to do
      list[#list + 1] = { id = i, name = "n" .. i, kind = "plain" }
      for name, value in pairs(more or {}) do list[#list][name] = value end
    end
    return list
  end

  local WIDE = { LONG, "日本語のとても長い題名" .. ("がつづく"):rep(50), "Emoji " .. ("🎉"):rep(150), FAMILY:rep(150) }

  --- Values of a later page are as wide as they like: what is printed already decides.
  for _, columns in ipairs({ 50, 80, 140 }) do
    it("cuts what is too long later, on " .. columns .. " columns", function()
      local later = items(31, 30 + #WIDE)
      for i, item in ipairs(later) do
        item.name, item.kind = WIDE[i], WIDE[i]
      end
      local rows = lines((made:on_terminal(pages({ items(1, 30), later }), { PAGER = "" }, columns)))
      assert.equal(1 + 30 + #WIDE, #rows)
      for _, row in ipairs(rows) do assert.is_true(display_width.of(row) <= columns, row) end
      local at = rows[1]:find("name", 1, true)
      for i = 1, #WIDE do
        local row = rows[31 + i]
        assert.equal(2, select(2, row:gsub("…", "")), row)
        assert.equal(30 + i, tonumber(row:match("^%d+")))
        assert.equal(at - 1, display_width.of(row:sub(1, row:find(WIDE[i]:sub(1, 4), 1, true) - 1)), row)
      end
    end)
  end

  it("has the columns of all of them, where they fit on the screen", function()
    for _, total in ipairs({ false, 12 }) do
      local later = items(7, 12, { late = "so late" })
      later[6].name = "a name that is much longer than those"
      terminal = made:terminal(made:line(pages({ items(1, 6), later }, total or nil)) .. "; echo code=$?", 80, 40)
      local shown = lines(terminal:wait_for("code=%d"))
      assert.matches("^id +name +kind +late$", shown[1])
      assert.matches("^12 +a name that is much longer than those +plain +so late$", shown[13])
      assert.matches("^code=0", shown[14])
      terminal:close()
    end
    terminal = nil
  end)

  it("tells the columns that came too late for the table", function()
    local first, second = items(1, 30, { address_url = "u" }), items(31, 60, { late = "x" })
    local words = pages({ first, second, items(61, 61, { z = 1 }) })
    local rows = lines((made:on_terminal(words, { PAGER = "" }, 80)))
    assert.equal(1 + 61 + 2, #rows)
    assert.equal("+1 column: --fields address_url", rows[63])
    assert.equal("later items have more columns: --fields late,z", rows[64])
    rows = lines((made:on_terminal(with(words, "--fields", "id,kind"), { PAGER = "" }, 80)))
    assert.equal(1 + 61, #rows) -- these were asked for
  end)

  it("tells no more of them than a line holds", function()
    local later = items(31, 31)
    for i = 1, 500 do later[1][("later_%03d"):format(i)] = i end
    local rows = lines((made:on_terminal(pages({ items(1, 30), later }), { PAGER = "" }, 80)))
    assert.equal(1 + 31 + 1, #rows)
    assert.matches("^later items have more columns: %-%-fields later_001,later_002,.*…$", rows[33])
    assert.equal(80, display_width.of(rows[33]))
  end)

  it("says that there is no room for a column that was asked for", function()
    local first = items(1, 30, { a = 1, b = 2, c = 3, d = 4 })
    local words = with(pages({ first, items(31, 32) }), "--fields", "id,name,kind,a,b,c,d")
    local rows = lines((made:on_terminal(words, { PAGER = "" }, 20)))
    assert.equal(1 + 32 + 1, #rows)
    assert.matches("^%+%d columns: too narrow here$", rows[34])
  end)

  it("shows what came before a page that is lost", function()
    terminal = made:terminal(made:line(pages({ items(1, 6) }, nil, true)) .. "; echo code=$?", 80, 40)
    local shown = lines(terminal:wait_for("code=%d"))
    assert.matches("^id +name +kind$", shown[1])
    assert.matches("^6 +n6 +plain$", shown[7])
    assert.matches("^bosa: .*this page is lost", shown[8])
    assert.matches("code=5", table.concat(shown))
  end)
end)

describe("colours in a pager", function()
  it("are shown as such by less, also where it is $PAGER without options", function()
    local line = bosa:line({ "run", "lab", "list_pages", "total=200", "--all" }, { NO_COLOR = "", PAGER = "less" })
    terminal = bosa:terminal(line .. "; echo code=$?", 80, 20)
    local screen = terminal:wait_for("\n:%s*$")
    assert.matches("^id +name", screen)
    terminal:press("q")
    terminal:wait_for("code=0")
  end)
end)

describe("a long table of another command", function()
  it("goes through the pager, too", function()
    local _, screen = on_screen({ "actions", "lab" }, 80, 10, { PAGER = "sed 's/^/> /'" })
    assert.matches("\n> small +The smallest useful response", screen)
  end)

  it("stays in the pager when Ctrl-C is pressed there", function()
    terminal = bosa:terminal(bosa:line({ "actions", "lab" }) .. "; echo code=$?", 80, 10)
    terminal:wait_for("\n:%s*$")
    terminal:press("C-c")
    assert.is_nil(terminal:press_until("G", "\nupload "):find("code=", 1, true)) -- less drops what it has read by then
    assert.matches("code=0", terminal:press_until("q", "code=%d"))
  end)
end)
