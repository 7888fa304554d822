--- The table of doc/faults.md, made of the list that spec/wire_spec.lua runs:
--   tools/on-vm.sh "" @lua -e 'io.write(require("spec.contract.faults_table")())' >doc/faults.md

local faults = require("spec.contract.faults")

local intro = [[
# What comes of faults on the wire
Made of the list in `spec/contract/faults.lua`, which the tests run over libcurl and over nginx's cosockets alike.
Requests is how often the server got the request; there is one attempt where the first column says no more. In all of
them the next call works. Besides, a connection is closed and reset after every single byte of a request and of a
reply: each gives an error of kind `connection` or `protocol`, and the action runs once at most.

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
