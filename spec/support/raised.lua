--- The message that fn(...) raises; a failure where it raises nothing.
---@param fn function
---@return string
return function(fn, ...)
  local ok, message = pcall(fn, ...)
  assert(not ok, "it did not raise")
  return tostring(message)
end
