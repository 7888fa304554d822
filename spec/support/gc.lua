--- A helper for busted (--helper): the collector never rests, so that what is held by nothing is gone at once.
-- GC=generational has Lua 5.4 collect in its other mode.

if os.getenv("GC") == "generational" and not rawget(_G, "jit") then
  collectgarbage("generational", 5, 20)
else
  collectgarbage("setpause", 0)
  collectgarbage("setstepmul", 1000)
end
