--- The table of doc/faults.md, made of the list that spec/wire_spec.lua runs:
--   tools/on-vm.sh "" @lua -e 'io.write(require("spec.contract.faults_table")())' >doc/faults.md

local faults = require("spec.contract.faults")

local intro = [[
# Faults of a connection
What bosa makes of each fault, over libcurl and over nginx's cosockets alike. The table is made from
`spec/contract/faults.lua`, and the tests run every row on both. [errors.md](errors.md) explains the kinds.

- **`err.sent`**: `no`: the action did not run; `maybe`: it may have run; `yes`: the server responded.
- **requests**: how often the server received it. bosa makes one attempt, unless the first column says otherwise.

After each fault, the next call works. The tests also close and reset a connection after every single byte of a request
and of a response. Each of these gives an error of kind `connection` or `protocol`, and the action runs once at most.

| what happens | `err.kind` | `err.sent` | requests |
|---|---|---|---|
]]

local function row(one)
  local came = one.kind and "`" .. one.kind .. "`" or "none: " .. (one.what or "status " .. one.status)
  if one.or_kind then came = came .. " or `" .. one.or_kind .. "`" end
  local sent = one.sent and "`" .. one.sent .. "`" or one.kind and "`maybe` or `yes`" or ""
  return ("| %s | %s | %s | %s |\n"):format(one.name, came, sent, one.runs or (one.hub or one.tls) and 0 or "")
end

return function()
  local rows = {}
  for i, one in ipairs(faults.list) do rows[i] = row(one) end
  return intro .. table.concat(rows)
end
