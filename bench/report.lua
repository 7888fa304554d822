--- report.lua DIR FILE CHART: medians and spread of what run.sh measured, as a table with goals, as JSON, as a chart.
package.path = "./?.lua;" .. package.path
local bosa = require("bosa")
local dir, target, chart = arg[1], arg[2], arg[3]

local function run(command)
  local process = io.popen(command)
  local text = process:read("*a")
  process:close()
  return (text:gsub("%s+$", ""))
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

---------------------------------------------------------------------------------------------------
-- what was measured

local measured = {}
for name in io.popen("ls " .. dir):lines() do
  local first, second = {}, {}
  for line in io.lines(dir .. "/" .. name) do
    local a, b = line:match("^(%S+) (%S+)$")
    first[#first + 1], second[#second + 1] = tonumber(a), tonumber(b)
  end
  if name ~= "error" and first[1] then
    local middle = median(first)
    measured[name] = { value = middle, second = median(second), rounds = #first,
      spread = middle > 0 and (first[#first] - first[1]) / middle or 0 }
  end
end

---------------------------------------------------------------------------------------------------
-- what is asked of it

local variants = { "bare", "lua5.4", "luajit", "luasocket", "lcurl", "cjson-lua5.4", "cjson-luajit", "curl", "python" }

--- Rows: name, unit, unit of the second number, and the goals of ours: {against, at least this ratio}; `less` is for
-- times, where the ratio is the peer's to ours; `at_most` bounds the value itself, `second` the second number.
local rows = {
  { "small", "requests/s", "CPU us", { "small bare", 1 }, { "small luasocket", 1 }, { "small lcurl", 1 } },
  { "list-16k", "lists/s", "CPU us", { "list-16k luasocket", 1 }, { "list-16k lcurl", 1 } },
  { "list-160k", "lists/s", "CPU us", { "list-160k luasocket", 1 }, { "list-160k lcurl", 1 } },
  { "list-160k-one", "lists/s", "CPU us", { "list-160k bare", 0.6 } },
  { "list-160k-meta", "lists/s", "CPU us", { "list-160k bare", 0.6 } },
  { "validate", "checks/s", "CPU us", at_least = 5 * 1e6 / 9, note = "5 x pydantic's 9 us" },
  { "discovery", "ms, fetched", nil, { "discovery python", 20 }, less = true },
  { "discovery-cache", "ms, from cache_dir", nil, { "discovery python", 20 }, less = true },
  { "start", "ms to the first result", nil, { "start python", 30 }, less = true },
  { "start-cached", "ms, schemas cached", nil, { "start python", 30 }, less = true },
  { "pages", "s for 100 pages of 50 ms", nil, at_most = 1.4 * 100 / 8 * 0.05, note = "8 ahead" },
  { "flight", "s for 1,000 calls of 50 ms", "kB each", at_most = 0.75, second = 32, note = "100 connections" },
  { "upload", "MB/s, 1 GiB", "kB growth", { "upload curl", 0.9 }, second = 4096 },
  { "download", "MB/s, 1 GiB", "kB growth", { "download curl", 0.9 }, second = 4096 },
}
for _, size in ipairs({ "16k", "160k", "5000k" }) do
  rows[#rows + 1] = { "json-decode-" .. size, "MB/s", nil, { "cjson", 2 } }
  rows[#rows + 1] = { "json-encode-" .. size, "MB/s", nil, { "cjson", 1.5 } }
end

local function mark(met) return met and "met" or "MISSED" end

--- What became of a row's goals for one of ours, as words.
local function judge(row, variant, m)
  local words = {}
  for _, goal in ipairs({ row[4], row[5], row[6] }) do
    local name = goal[1] == "cjson" and row[1] .. " cjson-" .. variant or goal[1]
    local peer = measured[name]
    if peer then
      local ratio = row.less and peer.value / m.value or m.value / peer.value
      words[#words + 1] = ("%.2f x %s (%g: %s)"):format(ratio, name:match("%S+$"), goal[2], mark(ratio >= goal[2]))
    else
      words[#words + 1] = name .. ": missing"
    end
  end
  if row.cpu and measured[row.cpu[1]] then
    local ratio = m.second / measured[row.cpu[1]].second
    words[#words + 1] = ("CPU %.2f x (%g: %s)"):format(ratio, row.cpu[2], mark(ratio <= row.cpu[2]))
  end
  if row.at_most then words[#words + 1] = ("at most %.2f: %s"):format(row.at_most, mark(m.value <= row.at_most)) end
  if row.at_least then words[#words + 1] = ("at least %.0f: %s"):format(row.at_least, mark(m.value >= row.at_least)) end
  if row.second then words[#words + 1] = ("%d: %s"):format(row.second, mark(m.second < row.second)) end
  return table.concat(words, ", ") .. (row.note and " (" .. row.note .. ")" or "")
end

local versions = {
  bosa = bosa.version,
  libcurl = run("curl-config --version 2>/dev/null || curl --version | head -1"),
  lua = run("lua5.4 -v"),
  luajit = run("luajit -v | cut -c1-40"),
  packages = run("dpkg-query -W -f '${Package} ${Version}, ' lua-cjson lua-socket curl 2>/dev/null"),
  python = run("python3 --version 2>&1"),
  peer = "gl-connectors-sdk 0.1.15.post1",
}
local cpu = run("grep -m1 'model name' /proc/cpuinfo | cut -d: -f2")
local machine = ("%s, %s cores, %s"):format(run("uname -srm"), run("nproc"), cpu)
print("bosa " .. versions.bosa .. " on " .. machine)
for _, name in ipairs({ "libcurl", "lua", "luajit", "packages", "python", "peer" }) do print("  " .. versions[name]) end
print(("\n%-18s %-13s %10s %6s  %-16s %s"):format("row", "variant", "median", "spread", "", "goals"))
for _, row in ipairs(rows) do
  for _, variant in ipairs(variants) do
    local m = measured[row[1] .. " " .. variant]
    if m then
      local ours = variant == "lua5.4" or variant == "luajit"
      m.goals = ours and judge(row, variant, m) or nil
      print(("%-18s %-13s %10.2f %5.0f%%  %-16s %s"):format(row[1], variant, m.value, m.spread * 100,
        row[3] and m.second > 0 and ("%.1f %s"):format(m.second, row[3]) or "", m.goals or row[2]))
    end
  end
end

local growing = { "items 10000", "pages 30", "parameters 10000", "calls 100" }

--- What was measured of growth for one VM: {n, ms, kB} for a tenth, the whole, ten times as much.
local function growth(name, size, vm)
  local list = {}
  for _, n in ipairs({ size / 10, size, size * 10 }) do
    local m = measured[("growth-%s-%d %s"):format(name, n, vm)]
    if m then list[#list + 1] = { n, m.value, m.second } end
  end
  return list
end

print("\ngrowth: ms, and kB of Lua's memory, for a tenth, the whole, ten times as much (ms of one, against the whole)")
for _, what in ipairs(growing) do
  local name, size = what:match("^(%S+) (%S+)$")
  for _, vm in ipairs({ "lua5.4", "luajit" }) do
    local list, words = growth(name, size, vm), {}
    local whole = list[2] and list[2][2] / list[2][1]
    for i, one in ipairs(list) do
      words[i] = ("%d: %.2f (%.2f)%s"):format(one[1], one[2], one[2] / one[1] / whole,
        one[3] > 0 and (" %.0f kB"):format(one[3]) or "")
    end
    print(("  %-11s %-7s %s"):format(name, vm, table.concat(words, "  ")))
  end
end

local f = assert(io.open(target, "w"))
f:write(assert(bosa.json.encode({ versions = versions, machine = machine, rows = measured })), "\n")
f:close()
print("\nwritten to " .. target)

f = assert(io.open(chart, "w"))
f:write(require("bench.chart").svg(measured, machine))
f:close()
print("drawn in " .. chart)
