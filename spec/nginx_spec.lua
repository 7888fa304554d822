--- The cosocket transport, in a real nginx: what it promises beside spec/contract_spec.lua.
local bosa = require("bosa")
local server = require("spec.support.server")
local nginx = require("spec.support.nginx")

local decode = bosa.json.decode
local sandbox, web

local code = [[
  init_by_lua_block {
    bosa = require("bosa")
    local base = { api_base_url = "%s", api_key = "%s", token = "%s" }
    function hub_with(options)
      for name, value in pairs(base) do options[name] = value end
      return bosa.new(options)
    end
    hub = bosa.new(base)
    lab = hub:connect("lab")
    function answer(value) ngx.print(bosa.json.encode(value)) end
  }
]]

local locations = [[
  location = /content { content_by_lua_block {
    local r, err = lab:echo({ text = "hello", number = 5 })
    answer(r and { status = r.status, data = r.data } or { error = tostring(err) })
  } }
  location = /access { access_by_lua_block { ngx.ctx.status = assert(lab:small({})).status }
    content_by_lua_block { answer({ status = ngx.ctx.status }) } }
  location = /rewrite { rewrite_by_lua_block { ngx.ctx.status = assert(lab:small({})).status }
    content_by_lua_block { answer({ status = ngx.ctx.status }) } }
  location = /timer { content_by_lua_block {
    local semaphore = require("ngx.semaphore").new(0)
    local status
    ngx.timer.at(0, function()
      status = assert(lab:small({})).status
      semaphore:post(1)
    end)
    semaphore:wait(10)
    answer({ status = status })
  } }
  location = /thread { content_by_lua_block {
    local a = ngx.thread.spawn(function() return assert(lab:small({})).status end)
    local b = ngx.thread.spawn(function() return assert(lab:slow({ delay_ms = 5 })).status end)
    local _, one = ngx.thread.wait(a)
    local _, two = ngx.thread.wait(b)
    answer({ one, two })
  } }
  location = /all { content_by_lua_block {
    local calls = {}
    for i = 1, 10 do calls[i] = assert(lab:action("slow"):params({ delay_ms = 30 }):start()) end
    local results, errors = bosa.all(calls)
    answer({ results = #results, failed = next(errors) ~= nil })
  } }
  location = /no_descriptors { content_by_lua_block {
    assert(lab:small({}))
    local files = {}
    repeat
      local file = io.open("/dev/null")
      files[#files + 1] = file
    until not file
    local ok, tools = pcall(lab.tools, lab, { format = "mcp", only = { "small" } })
    local found, list = pcall(hub.search_actions, hub, "small", { connectors = { "lab" } })
    for _, file in ipairs(files) do file:close() end
    answer({ ok and tools[1].name or tostring(tools), found and list[1].action or tostring(list) })
  } }
  location = /slow { content_by_lua_block {
    local r, err = lab:slow({ delay_ms = 50 })
    answer(r and { status = r.status } or { error = tostring(err) })
  } }
  location = /task { content_by_lua_block {
    local task = bosa.async(function(n) return assert(lab:small({})).status + n end, 1)
    answer({ task:wait(math.huge) })
  } }
  location = /file { content_by_lua_block {
    local r, err = lab:download({ bytes = 3000000, filename = "x.bin" })
    answer({ size = r and r.data.size, name = r and r.data.filename, error = err and tostring(err) })
  } }
  location = /catalog { content_by_lua_block {
    local names = {}
    for tool in assert(hub:list_tools({ connector = "github", limit = 3 })):items() do names[#names + 1] = tool.name end
    answer(names)
  } }
  location = /skill { content_by_lua_block {
    local id
    for skill in assert(hub:list_tenant_skills()):items() do
      if skill.source_type == "upload_zip" then id = skill.id end
    end
    local paths, err = hub:download_tenant_skill(id, { dir = ngx.var.arg_dir })
    answer({ paths = paths, error = err and tostring(err) })
  } }
  location = /killed { content_by_lua_block {
    local thread = ngx.thread.spawn(function() lab:slow({ delay_ms = 60000 }) end)
    ngx.thread.kill(thread)
    collectgarbage()
    collectgarbage()
    answer({ status = assert(lab:small({})).status })
  } }
  location = /raising { content_by_lua_block {
    local action = lab:action("upload"):params({ file = bosa.file({ file = ("x"):rep(1000000) }) })
    local _, err = action:on_progress(function() error("enough") end):run()
    answer({ kind = err.kind, message = err.message, status = assert(lab:small({})).status })
  } }
  location = /cancelling { content_by_lua_block {
    local call
    local action = lab:action("upload"):params({ file = bosa.file({ file = ("x"):rep(1000000) }) })
    call = assert(action:on_progress(function() call:cancel() end):start())
    local _, err = call:wait(10)
    answer({ kind = err.kind, status = assert(lab:small({})).status })
  } }
  location = /connecting { content_by_lua_block {
    local seven = hub_with({ max_connections = 7 }):connect("lab")
    assert(seven:small({}))
    local busy = assert(seven:action("slow"):params({ delay_ms = 50 }):start()) -- has the connection that is there
    local call = assert(seven:action("small"):params({ key = "cancelled while it connects" }):start())
    ngx.thread.wait(ngx.thread.spawn(function() call:cancel() end)) -- only a thread's parent can kill it
    local _, err = call:wait(10)
    assert(busy:wait(10))
    answer({ kind = err.kind, runs = assert(seven:count({ key = "cancelled while it connects" })).data.count })
  } }
  location = /kept { content_by_lua_block {
    local two = hub_with({ max_connections = 2 }):connect("lab")
    assert(two:small({}))
    local calls = {}
    for i = 1, 4 do calls[i] = assert(two:action("slow"):params({ delay_ms = 60000 }):start()) end
    for i = 1, 4 do calls[i]:cancel() end
    local r, err = two:action("small"):params({}):timeout(20):run()
    answer({ status = r and r.status, error = err and tostring(err), kept = #calls })
  } }
  location = /phase { content_by_lua_block { ngx.print(logged or "") } }
  location = /log { return 200 "ok"; log_by_lua_block {
    local r, err = lab:small({})
    logged = tostring(err)
  } }
]]

setup(function()
  sandbox = server.start()
  web = nginx.start({ http = code:format(sandbox.url, sandbox.key, sandbox.token), server = locations })
end)
teardown(function()
  web.stop()
  sandbox.stop()
end)

--- The JSON that a location answers.
local function ask(path)
  local body, status = web.get(path)
  assert.equal(200, status, tostring(body) .. web.log())
  return assert(decode(body))
end

describe("nginx", function()
  it("runs an action in content", function()
    local answer = ask("/content")
    assert.is_nil(answer.error)
    assert.equal(200, answer.status)
  end)

  for _, path in ipairs({ "access", "rewrite", "timer" }) do
    it("runs an action in " .. path, function() assert.same({ status = 200 }, ask("/" .. path)) end)
  end

  it("runs actions in light threads", function() assert.same({ 200, 200 }, ask("/thread")) end)
  it("runs calls side by side", function() assert.same({ results = 10, failed = false }, ask("/all")) end)
  it("needs no descriptor for a module that it needs for the first time", function()
    assert.same({ "lab__small", "small" }, ask("/no_descriptors"))
  end)
  it("runs tasks", function() assert.same({ 201 }, ask("/task")) end)
  it("keeps a download as a file", function() assert.same({ size = 3000000, name = "x.bin" }, ask("/file")) end)
  it("goes through the catalog", function()
    local hub = bosa.new({ api_base_url = sandbox.url })
    local names = {}
    for tool in assert(hub:list_tools({ connector = "github" })):items() do names[#names + 1] = tool.name end
    hub:close()
    assert.is_true(#names > 3)
    assert.same(names, ask("/catalog"))
  end)
  it("installs a skill", function()
    local dir = os.tmpname()
    os.remove(dir)
    local answer = ask("/skill?dir=" .. dir)
    os.execute("rm -rf " .. dir)
    assert.equal(nil, answer.error)
    assert.equal(dir .. "/release-helper/SKILL.md", answer.paths[1])
  end)
  it("survives killed threads", function() assert.same({ status = 200 }, ask("/killed")) end)

  it("ends an upload whose on_progress raises or cancels it", function()
    local answer = ask("/raising")
    assert.equal("cancelled", answer.kind)
    assert.matches("enough", answer.message)
    assert.equal(200, answer.status)
    assert.same({ kind = "cancelled", status = 200 }, ask("/cancelling"))
  end)

  it("sends nothing for a call that was cancelled while it connected", function()
    assert.same({ kind = "cancelled", runs = 0 }, ask("/connecting"))
  end)

  it("names a phase that can't wait", function()
    ask("/content")
    web.get("/log")
    local body
    repeat body = web.get("/phase") until body ~= ""
    assert.matches("log", body)
    assert.matches("ngx.timer.at", body, 1, true)
  end)

  it("serves many requests at once, and others meanwhile", function()
    local command = ("curl -s -Z --parallel-immediate --parallel-max 200 -o /dev/null -w '%%{http_code}\\n' "
      .. "'%s/slow?[1-200]' 2>/dev/null & curl -s -w '\\n' '%s/ping?[1-20]'; wait"):format(web.url, web.url)
    local counts = {}
    for line in io.popen(command):lines() do counts[line] = (counts[line] or 0) + 1 end
    assert.same({ ["200"] = 200, pong = 20 }, counts)
  end)
end)

describe("a worker", function()
  --- Descriptors and resident kB of the worker, once nothing is under way.
  local function holdings()
    for _ = 1, 3 do web.get("/ping") end -- after these it has seen that the clients before them have gone
    local pid = io.popen("cat " .. web.dir .. "/nginx.pid"):read("*l")
    local count = tonumber(io.popen("ls /proc/" .. pid .. "/fd | wc -l"):read("*l"))
    local kb = tonumber(io.popen("grep VmRSS /proc/" .. pid .. "/status"):read("*l"):match("%d+"))
    return count, kb
  end

  local function many(n)
    local command = ("curl -s -Z --parallel-max 50 -o /dev/null -w '%%{http_code}\\n' '%s/access?[1-%d]' 2>/dev/null")
    local good = 0
    for line in io.popen(command:format(web.url, n)):lines() do good = good + (line == "200" and 1 or 0) end
    return good
  end

  it("holds no more after 10,000 requests than before", function()
    assert.equal(2000, many(2000)) -- pools fill, code is compiled
    local fds, kb = holdings()
    assert.equal(10000, many(10000))
    local fds_after, kb_after = holdings()
    assert.is_true(fds_after <= fds + 2, fds .. " descriptors became " .. fds_after)
    if os.getenv("LD_PRELOAD") then return end -- a sanitizer keeps what was freed
    assert.is_true(kb_after <= kb + 8192, kb .. " kB became " .. kb_after)
  end)
end)

describe("max_connections", function()
  it("counts no call that was cancelled, also where the caller keeps it", function()
    assert.same({ status = 200, kept = 4 }, ask("/kept"))
  end)

  it("counts no thread that was killed, also where every place was taken by one", function()
    local one = nginx.start({
      http = code:format(sandbox.url, sandbox.key, sandbox.token),
      server = ([[ location = /killed { content_by_lua_block {
        local two = bosa.new({ api_base_url = "%s", api_key = "%s", token = "%s", max_connections = 2 })
        local small = two:connect("lab")
        assert(small:small({}))
        local threads = {}
        for i = 1, 5 do threads[i] = ngx.thread.spawn(function() return small:slow({ delay_ms = 60000 }) end) end
        for i = 1, 5 do ngx.thread.kill(threads[i]) end
        threads = nil
        answer({ status = assert(small:action("small"):params({}):timeout(20):run()).status })
      } } ]]):format(sandbox.url, sandbox.key, sandbox.token),
    })
    local body = one.get("/killed")
    one.stop()
    assert.equal('{"status":200}', body)
  end)
end)

describe("the example", function()
  local function run_example(url)
    local env = { BOSA_API_BASE_URL = url, BOSA_API_KEY = sandbox.key, BOSA_TOKEN = sandbox.token }
    return nginx.example("nginx.conf", env)
  end

  it("answers with the pull requests of ten repositories", function()
    local example = run_example(sandbox.url)
    local body, status = example.get("/prs?user=lua")
    local log = example.log()
    example.stop()
    assert.equal(200, status, log)
    assert.is_true(#assert(decode(body)) >= 10)
    for line in log:gmatch("[^\n]*%[error%][^\n]*") do error(line) end
  end)

  it("answers with an empty list where there are none", function()
    local none = nginx.start({ server = [[
      location ~ list_pull_requests$ { content_by_lua_block {
        ngx.header.content_type = "application/json"
        ngx.print('{"data":[],"meta":{"total":0}}')
      } }
      location / { proxy_pass ]] .. sandbox.url .. "; }" })
    local example = run_example(none.url)
    local body, status = example.get("/prs")
    local log = example.log()
    example.stop()
    none.stop()
    assert.equal(200, status, log)
    assert.equal("[]", body)
  end)
end)

describe("two workers", function()
  it("share schemas through a lua_shared_dict, and survive a reload", function()
    local shared = code:gsub("token = \"%%s\"", "%0, cache = ngx.shared.schemas")
    local pair = nginx.start({
      workers = 2,
      http = "lua_shared_dict schemas 10m;\n" .. shared:format(sandbox.url, sandbox.key, sandbox.token),
      server = "location = /small { content_by_lua_block { answer({ status = assert(lab:small({})).status }) } }",
    })
    for _ = 1, 20 do assert.same({ 200 }, { select(2, pair.get("/small")) }) end
    assert(os.execute("kill -HUP $(cat " .. pair.dir .. "/nginx.pid)"))
    for _ = 1, 20 do assert.same({ 200 }, { select(2, pair.get("/small")) }) end
    pair.stop()
  end)

  it("lose no request when nginx is reloaded while calls are under way", function()
    local pair = nginx.start({
      workers = 2,
      http = code:format(sandbox.url, sandbox.key, sandbox.token),
      server = "location = /slow { content_by_lua_block { assert(lab:slow({ delay_ms = 40 })) } }",
    })
    local clients = io.popen(("seq 240 | env -u LD_PRELOAD xargs -P 16 -I{} "
      .. "curl -s -o /dev/null -w '%%{http_code}\\n' %s/slow"):format(pair.url))
    local counts, total = {}, 0
    for status in clients:lines() do
      total = total + 1
      counts[status] = (counts[status] or 0) + 1
      if total == 60 then assert(os.execute("kill -HUP $(cat " .. pair.dir .. "/nginx.pid)")) end
    end
    clients:close()
    assert.same({ ["200"] = 240 }, counts)
    repeat until pair.log():find("gracefully shutting down", 1, true)
    pair.stop()
  end)
end)
