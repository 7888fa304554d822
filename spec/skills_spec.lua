--- A tenant's skills: reading them, and putting one on the disk, whatever the server and the zip try.
local bosa = require("bosa")
local command = require("spec.support.command")
local directory = require("spec.support.directory")
local server = require("spec.support.server")
local zip = require("spec.support.zip")

local read, write = command.read_file, command.write_file

local KEY, TOKEN, SIGNATURE = "sk-client-of-the-spec", "token-of-the-spec", "signature0of1the2spec"
local STORE = "https://store.example.com/bucket/skill?X-Amz-Signature=" .. SIGNATURE

local sandbox, hub, dir

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
end)
teardown(function() sandbox.stop() end)
before_each(function() dir = directory() end)
after_each(function() os.execute("rm -rf " .. dir) end)

--- All that is below the directory, a line.
local function tree() return (command.output_of(("cd %s && find . -mindepth 1 | sort"):format(dir)):gsub("\n", " ")) end

--- The id of the sandbox's skill of a kind.
local function id_of(source_type)
  for skill in assert(hub:list_tenant_skills()):items() do
    if skill.source_type == source_type then return skill.id end
  end
end

--- A hub whose server gives `skill`, and whose store gives `content` or a reply; and the requests that came.
local function stubbed(skill, content)
  local requests = {}
  local stub = bosa.new({
    api_base_url = "https://api.example.com",
    api_key = KEY,
    token = TOKEN,
    transport = function(request)
      requests[#requests + 1] = request
      if not request.url:find("^https://api%.example%.com/") then
        if type(content) == "table" then return content end
        return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = content }
      end
      local body = bosa.json.encode({ data = skill, meta = bosa.null })
      return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body }
    end,
  })
  return stub, requests
end

--- A skill as a server tells of it.
local function a_skill(changes)
  local skill = { id = "7", client_id = "c", name = "demo", source_type = "upload_zip", download_url = STORE }
  for name, value in pairs(changes or {}) do skill[name] = value end
  return skill
end

--- Downloads what a store gives; the requests are the fourth.
local function download(content, changes, options)
  local stub, requests = stubbed(a_skill(changes), content)
  local given = { dir = dir }
  for name, value in pairs(options or {}) do given[name] = value end
  local paths, err = stub:download_tenant_skill("7", given)
  return paths, err, requests
end

describe("a tenant's skills", function()
  it("are listed by pages", function()
    local skills = assert(hub:list_tenant_skills({ limit = 3 }))
    assert.equal(3, #skills)
    local names = {}
    for skill in skills:items() do names[#names + 1] = skill.name end
    assert.equal(skills.meta.total, #names)
    assert.equal(names[2], assert(hub:list_tenant_skills({ limit = 1, offset = 1 })).data[1].name)
  end)

  it("are read one by one", function()
    local skill = assert(hub:get_tenant_skill(id_of("upload_zip")))
    assert.equal("upload_zip", skill.source_type)
    assert.equal(skill.name, skill.frontmatter.name)
    assert.matches("^https?://", skill.download_url)
    local none, err = hub:get_tenant_skill("00000000-0000-4000-8000-000000000000")
    assert.is_nil(none)
    assert.equal("not_found", err.kind)
  end)

  it("are not taken from a response without one", function()
    local skill, err = hub:get_tenant_skill("agent")
    assert.is_nil(skill)
    assert.equal("protocol", err.kind)
    assert.matches("UUID", err.message, 1, true)
  end)

  it("are asked for with the token alone, in one path segment", function()
    local stub, requests = stubbed(a_skill())
    assert(stub:get_tenant_skill("a/../b?c"))
    assert.equal("https://api.example.com/api/skills/a%2F..%2Fb%3Fc", requests[1].url)
    assert(stub:get_tenant_skill("7", "another"))
    local seen = {}
    for i, request in ipairs(requests) do
      for name, value in pairs(request.headers) do
        assert.not_equal("x-api-key", name:lower())
        if name:lower() == "authorization" then seen[i] = value end
      end
    end
    assert.same({ "Bearer " .. TOKEN, "Bearer another" }, seen)
    local err = select(2, stub:get_tenant_skill(".."))
    assert.equal("params", err.kind)
    assert.equal("no", err.sent)
  end)

  it("need a token, and say so before they are asked for", function()
    local anonymous = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    local before = sandbox.stats().requests
    for _, ask in ipairs({ "list_tenant_skills", "get_tenant_skill", "download_tenant_skill" }) do
      local argument = ask ~= "list_tenant_skills" and "7" or nil
      local result, err = anonymous[ask](anonymous, argument, ask == "download_tenant_skill" and { dir = dir } or nil)
      assert.is_nil(result)
      assert.equal("auth", err.kind)
      assert.equal("no", err.sent)
    end
    assert.equal(before, sandbox.stats().requests)
    anonymous:close()
  end)

  it("raise at the caller's line for what they can't be asked", function()
    local function misused(fn, says)
      local ok, message = pcall(fn)
      assert.is_false(ok)
      assert.matches("skills_spec.lua:%d+: .*" .. says, tostring(message))
    end
    misused(function() local _ = hub:list_tenant_skills({ q = "x" }) end, "unknown option `q`")
    misused(function() local _ = hub:get_tenant_skill() end, "bad argument #1 to 'get_tenant_skill'")
    misused(function() local _ = hub:download_tenant_skill("7") end, "option `dir`: string expected, got nil")
    misused(function() local _ = hub:download_tenant_skill("7", { dir = "" }) end, "option `dir`")
    misused(function() local _ = hub:download_tenant_skill("7", { dir = dir, overwrite = 1 }) end, "option `overwrite`")
    misused(function() local _ = hub:download_tenant_skill("7", { dir = dir, to = 1 }) end, "unknown option `to`")
    for _, name in ipairs({ "", ".", "..", "a/b", "a\\b", "C:x", "a\0b", "a\nb", ("x"):rep(256), 7 }) do
      misused(function() local _ = hub:download_tenant_skill("7", { dir = dir, name = name }) end, "option `name`")
    end
  end)
end)

describe("a download", function()
  it("writes a single file into a folder of its own", function()
    local paths = assert(hub:download_tenant_skill(id_of("upload_md"), { dir = dir .. "/new/deep/" }))
    assert.same({ dir .. "/new/deep/meeting-notes/SKILL.md" }, paths)
    assert.matches("^%-%-%-\nname: meeting%-notes\n", read(paths[1]))
    assert.equal("./new ./new/deep ./new/deep/meeting-notes ./new/deep/meeting-notes/SKILL.md ", tree())
  end)

  it("unpacks a zip, into a folder of its own or not", function()
    local id = id_of("upload_zip")
    local paths = assert(hub:download_tenant_skill(id, { dir = dir }))
    assert.equal(3, #paths)
    assert.equal(dir .. "/release-helper/SKILL.md", paths[1])
    assert.equal("#!/bin/sh\nexec git status --short\n", read(dir .. "/release-helper/scripts/check.sh"))
    paths = assert(hub:download_tenant_skill(id, { dir = dir .. "/flat", create_parent = false }))
    assert.equal(dir .. "/flat/SKILL.md", paths[1])
    assert.is_nil(tree():find(".bosa", 1, true))
  end)

  it("waits like any call in a task", function()
    local tasks = {}
    for i = 1, 3 do
      tasks[i] = bosa.async(function()
        return assert(hub:download_tenant_skill(id_of("upload_zip"), { dir = dir .. "/" .. i }))
      end)
    end
    local results = bosa.all(tasks)
    for i = 1, 3 do assert.equal(("%s/%d/release-helper/SKILL.md"):format(dir, i), results[i][1]) end
  end)

  it("keeps what is there, all of it, unless told to replace it", function()
    local id, before = id_of("upload_zip"), "mine"
    assert(os.execute("mkdir -p " .. dir .. "/release-helper/docs"))
    write(dir .. "/release-helper/docs/usage.md", before)
    local paths, err = hub:download_tenant_skill(id, { dir = dir })
    assert.is_nil(paths)
    assert.equal("file", err.kind)
    assert.matches(dir .. "/release-helper/docs/usage.md", err.message, 1, true)
    assert.equal(before, read(dir .. "/release-helper/docs/usage.md"))
    assert.equal("./release-helper ./release-helper/docs ./release-helper/docs/usage.md ", tree())
    assert(hub:download_tenant_skill(id, { dir = dir, overwrite = true }))
    assert.matches("^# Usage", read(dir .. "/release-helper/docs/usage.md"))
  end)

  it("asks for nothing where its one file is there already", function()
    assert(os.execute("mkdir " .. dir .. "/demo"))
    write(dir .. "/demo/SKILL.md", "mine")
    local paths, err, requests = download("new", { source_type = "manual" })
    assert.is_nil(paths)
    assert.equal("file", err.kind)
    assert.equal(1, #requests)
    assert(download("new", { source_type = "manual" }, { overwrite = true }))
    assert.equal("new", read(dir .. "/demo/SKILL.md"))
  end)

  it("goes through no link below the directory, and replaces none", function()
    local outside = dir .. "/outside"
    assert(os.execute(("mkdir -p %s %s/in && ln -s %s %s/in/demo"):format(outside, dir, outside, dir)))
    local content = zip.make({ { "docs/a.md", "a" }, { "SKILL.md", "s" } })
    for _, overwrite in ipairs({ true, false }) do
      local paths, err = download(content, nil, { dir = dir .. "/in", overwrite = overwrite })
      assert.is_nil(paths)
      assert.equal("file", err.kind)
    end
    assert(os.execute(("rm %s/in/demo && mkdir %s/in/demo && ln -s %s %s/in/demo/docs"):format(dir, dir, outside, dir)))
    assert.is_nil(download(content, nil, { dir = dir .. "/in", overwrite = true }))
    write(outside .. "/target", "mine")
    assert(os.execute(("rm %s/in/demo/docs && ln -s %s/target %s/in/demo/SKILL.md"):format(dir, outside, dir)))
    assert.is_nil(download(content, nil, { dir = dir .. "/in", overwrite = true }))
    assert.equal("mine", read(outside .. "/target"))
    assert.equal("target\n", command.output_of("ls " .. outside))
    assert(os.execute(("rm -r %s/in/demo && ln -s %s %s/way"):format(dir, outside, dir)))
    assert(download(content, nil, { dir = dir .. "/way" })) -- the directory itself is the caller's own choice
    assert.equal("s", read(outside .. "/demo/SKILL.md"))
  end)

  it("says nothing of who asks to the presigned address", function()
    local _, _, requests = download("text", { source_type = "upload_md" })
    assert.equal(2, #requests)
    assert.equal(STORE, requests[2].url)
    local names = {}
    for name in pairs(requests[2].headers) do names[#names + 1] = name:lower() end
    table.sort(names)
    for _, name in ipairs(names) do
      assert.is_truthy(name == "accept" or name == "accept-encoding" or name == "user-agent" or name == "host", name)
    end
  end)

  it("tells the presigned address of no trace, and events of it", function()
    local id, seen, sent = "0af7651916cd43dd8448eb211c80319c", {}, {}
    local traced = bosa.new({
      api_base_url = "https://api.example.com",
      token = TOKEN,
      traceparent = function() return ("00-%s-b7ad6b7169203331-01"):format(id) end,
      on_event = function(event) seen[#seen + 1] = event.type == "request" and event.trace_id or nil end,
      transport = function(request)
        sent[#sent + 1] = request.headers.traceparent or "none"
        if #sent > 1 then return { status = 200, headers = {}, body = "text" } end
        local body = bosa.json.encode({ data = a_skill({ source_type = "manual" }) })
        return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body }
      end,
    })
    assert(traced:download_tenant_skill("7", { dir = dir }))
    assert.same({ id, id }, seen)
    assert.matches(id, sent[1], 1, true)
    assert.equal("none", sent[2])
  end)

  it("shows no part of the presigned address in its errors", function()
    local reply = {
      status = 403,
      headers = { ["Content-Type"] = "application/xml" },
      body = "<Error><Signature>" .. SIGNATURE .. "</Signature></Error>",
    }
    local paths, err = download(reply)
    assert.is_nil(paths)
    assert.equal(403, err.status)
    for _, text in ipairs({ tostring(err), err.message, err.body, err.url }) do
      assert.is_nil(text:find(SIGNATURE, 1, true))
    end
    assert.equal("", tree())
  end)

  it("shows no part of it that a store has decoded, nor of the address that a redirect led to", function()
    local other = "of0the1redirect+/="
    local function escaped(text) return (text:gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end)) end
    local secret = "c2lnbmF0/dXJl+Ig=="
    local stub = bosa.new({
      api_base_url = "https://api.example.com",
      token = TOKEN,
      transport = function(request)
        if request.url:find("^https://api%.") then
          local url = "https://store.example.com/a?Signature=" .. escaped(secret)
          local body = bosa.json.encode({ data = a_skill({ download_url = url }) })
          return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body }
        elseif request.url:find("/a?", 1, true) then
          return { status = 307, headers = { Location = "/b?Signature=" .. escaped(other) }, body = "" }
        end
        local said = ("<Given>%s</Given><Given>%s</Given>"):format(secret, other)
        return { status = 403, headers = { ["Content-Type"] = "application/xml" }, body = said .. escaped(said) }
      end,
    })
    local _, err = stub:download_tenant_skill("7", { dir = dir })
    assert.equal(403, err.status)
    assert.matches("<Given>***</Given><Given>***</Given>", err.body, 1, true)
    for _, text in ipairs({ secret, other, escaped(secret), escaped(other) }) do
      assert.is_nil(err.body:find(text, 1, true))
    end
  end)

  it("are told of in words where their hub is closed meanwhile", function()
    local stub
    stub = stubbed(a_skill(), setmetatable({}, { __index = function(_, name)
      stub:close()
      return ({ status = 200, headers = { ["Content-Type"] = "application/json" }, body = "no zip" })[name]
    end }))
    local paths, err = stub:download_tenant_skill("7", { dir = dir })
    assert.is_nil(paths)
    assert.matches("closed", err.message, 1, true)
    assert.equal("", tree())
  end)

  it("uses https alone, but on this machine", function()
    for _, url in ipairs({ "http://store.example.com/x?s=" .. SIGNATURE, "ftp://store.example.com/x", "/x", "" }) do
      local paths, err, requests = download("text", { download_url = url, source_type = "manual" })
      assert.is_nil(paths)
      assert.equal("protocol", err.kind)
      assert.is_nil(tostring(err):find(SIGNATURE, 1, true))
      assert.equal(1, #requests)
    end
    assert(download("text", { download_url = "http://127.0.0.1:1/x", source_type = "manual" }))
  end)

  it("tells why a skill has no address, or is of no kind that is known", function()
    local paths, err = hub:download_tenant_skill(id_of("github"), { dir = dir })
    assert.is_nil(paths)
    assert.matches("snapshot", err.message, 1, true)
    paths, err = download("text", { source_type = "hologram" })
    assert.is_nil(paths)
    assert.matches("hologram", err.message, 1, true)
  end)

  it("takes a single file as it is, whatever its type and size", function()
    assert(download("", { source_type = "manual" }))
    assert.equal("", read(dir .. "/demo/SKILL.md"))
    assert(download('{"data":1}', { source_type = "manual" }, { overwrite = true }))
    assert.equal('{"data":1}', read(dir .. "/demo/SKILL.md"))
  end)

  it("takes names in UTF-8, whatever the locale", function()
    local before = os.setlocale(nil)
    finally(function() os.setlocale(before) end)
    assert.equal("C", os.setlocale("C"))
    local content = zip.make({ { "日本/ü.md", "text", flags = 0x800 }, { "SKILL.md", "s" } })
    assert.same({ dir .. "/demo/SKILL.md", dir .. "/demo/日本/ü.md" }, assert(download(content)))
    assert.equal("text", read(dir .. "/demo/日本/ü.md"))
  end)

  it("leaves nothing of a download that was cancelled halfway", function()
    local entries = {}
    for i = 1, 2000 do entries[i] = { "d/f" .. i, "x" } end
    local call = bosa.async(function() return download(zip.make(entries), nil, { dir = dir .. "/new" }) end)
    while tree() == "" and not call:done() do call:wait(0.001) end
    assert.matches("/%.bosa%-", tree())
    call:cancel()
    assert.equal("", tree())
    local _, err = call:wait()
    assert.equal("cancelled", err.kind)
  end)

  it("may have a folder of another name", function()
    assert.same({ dir .. "/own/SKILL.md" }, assert(download("s", { source_type = "manual" }, { name = "own" })))
    local content = zip.make({ { "a.md", "a" } })
    assert.same({ dir .. "/other/a.md" }, assert(download(content, nil, { name = "other" })))
    assert.same({ dir .. "/a.md" }, assert(download(content, nil, { name = "other", create_parent = false })))
  end)

  it("lets others run while it unpacks, digests and writes", function()
    local entries = {}
    for i = 1, 100 do entries[i] = { "f" .. i, "x" } end
    for source_type, content in pairs({ upload_zip = zip.make(entries), manual = ("x"):rep(5 * 2 ^ 20) }) do
      local changes = { source_type = source_type, name = source_type }
      local call = bosa.async(function() return download(content, changes) end)
      assert.is_false(call:done())
      assert(call:wait())
    end
    assert.equal(5 * 2 ^ 20, #read(dir .. "/manual/SKILL.md"))
    assert.equal("x", read(dir .. "/upload_zip/f100"))
  end)

  it("keeps the folder's name within the directory", function()
    local cases = {
      ["../../up"] = "up", ["a\\..\\b"] = "b", ["C:evil"] = "Cevil", [".git"] = "git", ["  x y  "] = "x y",
      ["..."] = "7", [""] = "7", ["/"] = "7", ["a\nb"] = "ab", ["日本"] = "日本",
    }
    for name, folder in pairs(cases) do
      local paths = assert(download("s", { name = name, source_type = "manual" }))
      assert.same({ dir .. "/" .. folder .. "/SKILL.md" }, paths)
      os.execute("rm -rf " .. dir .. "/*")
    end
  end)
end)

describe("a digest", function()
  local sum = command.output_of("printf text | sha256sum"):match("^%x+")
  local files = { { "b/c.md", "two" }, { "B.md", "one" }, { "a.md", "" } }

  --- The digest of files in the order given, by other means.
  local function of_files(list)
    local line = "{ "
    for _, file in ipairs(list) do
      line = line .. ("printf '%s\\0'; printf '%s' | sha256sum | cut -c 1-64 | xxd -r -p; "):format(file[1], file[2])
    end
    return command.output_of(line .. "} | sha256sum"):match("^%x+")
  end

  it("of a single file is that of its bytes", function()
    assert(download("text", { source_type = "manual", content_sha256 = sum }))
    assert(download("text", { source_type = "manual", content_sha256 = sum:upper() }, { overwrite = true }))
    assert.equal("text", read(dir .. "/demo/SKILL.md"))
    local paths, err = download("texts", { source_type = "manual", content_sha256 = sum }, { overwrite = true })
    assert.is_nil(paths)
    assert.equal("protocol", err.kind)
    assert.matches("digest", err.message, 1, true)
    assert.equal("text", read(dir .. "/demo/SKILL.md"))
  end)

  it("of a zip goes over its files in the order of their names' bytes", function()
    if command.output_of("command -v xxd") == "" then return pending("needs xxd") end
    local digest = of_files({ files[2], files[3], files[1] })
    assert(download(zip.make(files), { content_sha256 = digest }))
    assert.equal("two", read(dir .. "/demo/b/c.md"))
    local paths, err = download(zip.make(files), { name = "x", content_sha256 = of_files(files) })
    assert.is_nil(paths)
    assert.matches("digest", err.message, 1, true)
    assert.is_nil(tree():find("./x", 1, true))
  end)
end)

describe("a hostile zip", function()
  --- Fails unless it is refused, with nothing left behind.
  local function refused(content, says, options)
    local paths, err = download(content, nil, options)
    assert.is_nil(paths)
    assert.equal("protocol", err.kind)
    assert.matches(says, err.message, 1, true)
    assert.equal("", tree())
  end

  local paths = {
    "../x", "a/../x", "a/..", "/x", "//x", "C:x", "c:/x", "a\\..\\x", "..\\x", "\\x", "a//x", "./x", "a/./x", ".", "..",
    "a\nb", "a\27[31m", "\127", ("x"):rep(256), ("d/"):rep(40) .. "x", "a\0b",
  }
  for _, name in ipairs(paths) do
    it("with the path `" .. name:sub(1, 20):gsub("%c", "?") .. "` is refused", function()
      for _, flat in ipairs({ true, false }) do
        refused(zip.make({ { "SKILL.md", "fine" }, { name, "x" } }), "the skill's zip", { create_parent = not flat })
      end
    end)
  end

  it("with a directory that leads elsewhere is refused", function()
    refused(zip.make({ { "SKILL.md", "fine" }, { "../up/", "" } }), "no path below a directory")
  end)

  it("with a link is refused", function()
    refused(zip.make({ { "SKILL.md", "fine" }, { "l", "/etc/passwd", mode = 0xa1ff } }), "is a link")
  end)

  it("makes plain files of what would be devices", function()
    assert(download(zip.make({ { "SKILL.md", "fine" }, { "f", "text", mode = 0x11a4 } })))
    assert.equal("text", read(dir .. "/demo/f"))
  end)

  it("with one name twice is refused, but not for its case", function()
    refused(zip.make({ { "a", "1" }, { "a", "2" } }), "is there twice")
    refused(zip.make({ { "a", "1" }, { "a/b", "2" } }), "is a file and a directory")
    assert.equal(2, #assert(download(zip.make({ { "a", "1" }, { "A", "2" } }))))
  end)

  it("that unpacks to more than it may is refused, whatever it claims", function()
    local zeros, size = zip.zeros(130)
    local entry = { "zeros", deflated = zeros, size = size }
    refused(zip.make({ entry, { "more", deflated = zeros, size = size } }), "is larger than 268435456 bytes")
    local most, all = zip.zeros(257)
    refused(zip.make({ { "zeros", deflated = most, size = 10 } }), "the skill")
    refused(zip.make({ { "zeros", deflated = most, size = all } }), "is larger than 268435456 bytes")
  end)

  it("with more entries than it may have is refused", function()
    local entries = {}
    for i = 1, 10001 do entries[i] = { "f" .. i } end
    refused(zip.make(entries), "more than 10000 entries")
  end)

  it("whose directory names its files otherwise is refused", function()
    local whole = zip.make({ { "SKILL.md", "fine" }, { "docs/a.md", "also" } })
    for _, name in ipairs({ "docs/b.md", "docs\\a.md", "docs/a\0md" }) do
      refused((whole:gsub("docs/a.md", (name:gsub("%%", "%%%%")), 1)), "another name than its directory says")
    end
  end)

  it("that is broken anywhere is refused", function()
    local whole = zip.make({ { "SKILL.md", "fine" }, { "docs/a.md", "also" } })
    refused("", "it is no zip")
    refused("no zip at all", "it is no zip")
    refused(zip.make({}), "the skill's zip")
    for cut = 1, #whole - 1 do
      assert.is_nil(download(whole:sub(1, cut)))
    end
    assert.equal("", tree())
    refused((whole:gsub("fine", "fime", 1)), "the skill's zip can't be read")
    refused(zip.make({ { "SKILL.md", "fine", flags = 1 } }), "the skill's zip")
  end)
end)

describe("without the libraries", function()
  it("a download says what to install, before anything is sent", function()
    local loaded, preload = package.loaded["bosa.archive"], package.preload["bosa.archive"]
    finally(function() package.loaded["bosa.archive"], package.preload["bosa.archive"] = loaded, preload end)
    package.loaded["bosa.archive"] = nil
    package.preload["bosa.archive"] = function() error("libarchive.so.13: cannot open shared object file", 0) end
    local paths, err, requests = download("text", { source_type = "manual" })
    assert.is_nil(paths)
    assert.equal("file", err.kind)
    assert.equal("no", err.sent)
    assert.matches("libarchive-dev libssl-dev", err.message, 1, true)
    assert.matches("libarchive.so.13", err.message, 1, true)
    assert.same({}, requests)
    assert(stubbed(a_skill()):get_tenant_skill("7"))
  end)

  it("a download says that no descriptor is left, where that is why", function()
    local script = os.tmpname()
    finally(function() os.remove(script) end)
    command.write_file(script, [[
      local hub = require("bosa").new({ api_base_url = "http://127.0.0.1:1", token = "t",
        transport = function() error("not wanted") end })
      local held = {}
      repeat held[#held + 1] = io.open("/dev/null") until not io.open("/dev/null")
      local paths, err = hub:download_tenant_skill("7", { dir = "/nowhere" })
      print(paths, err.kind, err.sent, err.message)]])
    local out = command.output_of(("ulimit -n 64; %s %s 2>&1"):format(os.getenv("BOSA_LUA"), script))
    assert.equal("nil\tfile\tno\twhat unpacks and checks skills can't be loaded: Too many open files\n", out)
  end)
end)
