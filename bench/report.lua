--- report.lua DIR FILE: medians and spread of what run.sh measured, as a table and as JSON.
local bosa = require("bosa")
local dir, target = arg[1], arg[2]

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

-- row -> unit of the first number, of the second, and the variant that ratios are against
local about = {
  { "small", "requests/s", "CPU us", "bare" },
  { "list-16k", "lists/s", "CPU us", "luasocket" },
  { "list-160k", "lists/s", "CPU us", "luasocket" },
  { "list-160k-one", "lists/s", "CPU us", "list-160k bare" },
  { "json-decode-16k", "MB/s", nil, "cjson" },
  { "json-decode-160k", "MB/s", nil, "cjson" },
  { "json-decode-5000k", "MB/s", nil, "cjson" },
  { "json-encode-16k", "MB/s", nil, "cjson" },
  { "json-encode-160k", "MB/s", nil, "cjson" },
  { "json-encode-5000k", "MB/s", nil, "cjson" },
  { "validate", "checks/s", "CPU us" },
  { "pages", "s for 100 pages of 50 ms, 8 ahead (ideal 0.63)", nil },
  { "flight", "s for 1,000 calls of 50 ms, 100 connections (ideal 0.5)", "kB each" },
  { "upload", "MB/s, 1 GiB", "kB peak growth" },
  { "download", "MB/s, 1 GiB", "kB peak growth" },
}

local measured = {}
for name in io.popen("ls " .. dir):lines() do
  local first, second = {}, {}
  for line in io.lines(dir .. "/" .. name) do
    local a, b = line:match("^(%S+) (%S+)$")
    first[#first + 1], second[#second + 1] = tonumber(a), tonumber(b)
  end
  if name ~= "error" and first[1] then
    local middle = median(first)
    measured[name] = {
      value = middle,
      second = median(second),
      spread = (first[#first] - first[1]) / middle,
      rounds = #first,
    }
  end
end

local cpu = run("grep -m1 'model name' /proc/cpuinfo | cut -d: -f2")
local machine = ("%s, %s cores, %s"):format(run("uname -srm"), run("nproc"), cpu)
print("bosa " .. bosa.version .. " on " .. machine)
print("libcurl: " .. run("curl-config --version 2>/dev/null || curl --version | head -1"))
print(("\n%-20s %-14s %12s %8s %8s  %-12s %s"):format("row", "variant", "median", "spread", "ratio", "second", "units"))
for _, entry in ipairs(about) do
  local row, unit, second, base = entry[1], entry[2], entry[3], entry[4]
  for _, variant in ipairs({ "bare", "lua5.4", "luajit", "luasocket", "cjson-lua5.4", "cjson-luajit" }) do
    local m = measured[row .. " " .. variant]
    if m then
      local against = base == "cjson" and "cjson-" .. variant or base
      local b = against and (measured[against] or measured[row .. " " .. against])
      m.ratio = b and m.value / b.value or nil
      print(("%-20s %-14s %12.2f %7.0f%% %8s  %-12s %s"):format(row, variant, m.value, m.spread * 100,
        m.ratio and ("%.2f"):format(m.ratio) or "", second and ("%.1f %s"):format(m.second, second) or "", unit))
    end
  end
end

local f = assert(io.open(target, "w"))
f:write(assert(bosa.json.encode({ version = bosa.version, machine = machine, rows = measured })), "\n")
f:close()
print("\nwritten to " .. target)
