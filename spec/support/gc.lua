--- A helper for busted (--helper): the collector never rests, so that what is held by nothing is gone at once.
-- GC=generational has Lua 5.4 or 5.5 collect in its other mode.

if os.getenv("GC") == "generational" and not rawget(_G, "jit") then
  collectgarbage("generational", 5, 20)
else
  require("spec.support.collector").never_rests()
end
