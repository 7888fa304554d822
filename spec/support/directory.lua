--- Makes a directory for a spec, in which nobody else can read. Who made it removes it.

---@return string path
return function()
  local process = assert(io.popen("mktemp -d"))
  local path = process:read("*l")
  process:close()
  return assert(path, "there is no room for a directory")
end
