--- Lua's reserved words, which are no names: `list` in order, `set` to look one up.

local reserved = { list = {}, set = {} }

for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do
  reserved.list[#reserved.list + 1] = word
  reserved.set[word] = true
end

return reserved
