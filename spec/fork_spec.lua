--- A hub made, and used, before a fork works in both processes, each with connections of its own.
local bosa = require("bosa")
local server = require("spec.support.server")

describe("after a fork", function()
  local has_ffi, ffi = pcall(require, "ffi")
  if not has_ffi then
    pending("is tried on LuaJIT, whose ffi can fork")
    return
  end
  ffi.cdef([[int fork(void); int waitpid(int, int *, int); void _exit(int);]])

  it("a call that the child forgets is ended, not freed under its engine", function()
    local sandbox = server.start()
    local hub = sandbox.hub()
    local lab = hub:connect("lab")
    assert(lab:small({}))
    local call = assert(lab:action("slow"):params({ delay_ms = 200 }):start())
    local kept = assert(lab:action("slow"):params({ delay_ms = 200 }):start())
    local pid = ffi.C.fork()
    if pid == 0 then
      call = nil
      collectgarbage()
      collectgarbage()
      local response, err = kept:wait(5)
      local ended = response == nil and err.kind == "closed" and err.sent == "maybe"
      local again = lab:small({})
      ffi.C._exit(ended and again and 0 or 1)
    end
    assert.equal(200, assert(call:wait()).status)
    assert.equal(200, assert(kept:wait()).status)
    local status = ffi.new("int[1]")
    assert.equal(pid, ffi.C.waitpid(pid, status, 0))
    assert.equal(0, status[0])
    hub:close()
    sandbox.stop()
  end)

  it("both processes go on", function()
    local sandbox = server.start()
    local hub = sandbox.hub()
    local lab = hub:connect("lab")
    assert(lab:small({}))
    local call = assert(lab:action("slow"):params({ delay_ms = 100 }):start())

    local pid = ffi.C.fork()
    if pid == 0 then
      local good = 0
      for i = 1, 50 do
        local response = lab:echo({ number = i })
        if response and bosa.json.decode(response.data.raw).number == i then good = good + 1 end
      end
      ffi.C._exit(good == 50 and 0 or 1)
    end
    for i = 1, 50 do
      assert.equal(1000 + i, bosa.json.decode(assert(lab:echo({ number = 1000 + i })).data.raw).number)
    end
    assert.equal(200, assert(call:wait()).status)
    local status = ffi.new("int[1]")
    assert.equal(pid, ffi.C.waitpid(pid, status, 0))
    assert.equal(0, status[0])
    hub:close()
    sandbox.stop()
  end)
end)
