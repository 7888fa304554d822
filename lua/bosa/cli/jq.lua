--- --jq: values through the program jq, which is started without a shell.
--
-- It is used within a task of luv's loop: who waits for jq holds nothing up.

local uv = require("luv")
local context = require("bosa.cli.context")
local loop = require("bosa.loop")
local task = require("bosa.task")

local jq = {}

local MISSING = "--jq needs the program jq: install it (apt install jq, brew install jq), or use --template"
local BUSY = 1000000 -- bytes that wait to be read by jq, or to be written from it; a longer line is gathered whole
local LONGEST = 2000 -- bytes of a complaint that are kept

---@class bosa.cli.Jq
---@field cx bosa.cli.Context
---@field cleanup function ends it, if the command ends before
---@field write fun(text: string) takes what jq gives, whole lines
---@field process userdata
---@field pipes userdata[] its standard streams
---@field ignored userdata of the signal for a pipe that jq has closed: it need not read all that it is given
---@field open integer streams and processes that have not ended
---@field chunks string[] what it gave and was not written yet
---@field waiting integer bytes of these
---@field has_line boolean? a line ends in them
---@field paused boolean? nothing is read before they are written
---@field complaint string
---@field event table is done as soon as something happens
local Jq = {}
Jq.__index = Jq

local function happen(self)
  self.event.done_ = true
  loop.settle(self.event)
end

local function ended(self)
  self.open = self.open - 1
  happen(self)
end

--- Gives `take` what comes through a pipe, until that ends.
local function read(self, pipe, take)
  pipe:read_start(function(err, bytes)
    if not err and bytes then return take(bytes) end
    pipe:read_stop()
    ended(self)
  end)
end

--- Takes what jq gives, until there is too much of it that can be written.
local function read_output(self)
  read(self, self.pipes[2], function(bytes)
    self.chunks[#self.chunks + 1], self.waiting = bytes, self.waiting + #bytes
    self.has_line = self.has_line or bytes:find("\n", 1, true) ~= nil
    if self.waiting > BUSY and self.has_line then
      self.pipes[2]:read_stop()
      self.paused = true
    end
    happen(self)
  end)
end

local function read_complaints(self)
  read(self, self.pipes[3], function(bytes) self.complaint = (self.complaint .. bytes):sub(1, LONGEST) end)
end

local function close(self)
  for _, pipe in ipairs(self.pipes) do
    if not pipe:is_closing() then pipe:close() end
  end
  if not self.process:is_closing() then
    if not self.code then self.process:kill("sigterm") end
    self.process:close()
  end
  if not self.ignored:is_closing() then self.ignored:close() end
end

--- Starts jq. What it gives goes to `write`.
---@param cx bosa.cli.Context
---@param expression string
---@param write fun(text: string)
---@return bosa.cli.Jq? filter, any err
function jq.start(cx, expression, write)
  local self = setmetatable({
    write = write, pipes = {}, open = 3, chunks = {}, waiting = 0, complaint = "", event = { done_ = false },
  }, Jq)
  for i = 1, 3 do self.pipes[i] = uv.new_pipe(false) end
  local process, message, name = uv.spawn("jq", {
    args = { "-rM" .. (cx.tty and "" or "c"), " " .. expression }, stdio = self.pipes, -- a space: no option
  }, function(code, signal)
    self.code = signal > 0 and 128 + signal or code
    ended(self)
  end)
  if not process then
    for _, pipe in ipairs(self.pipes) do pipe:close() end
    return nil, name == "ENOENT" and MISSING or "jq: " .. tostring(message)
  end
  self.process, self.ignored = process, uv.new_signal()
  self.ignored:start("sigpipe", function() end)
  self.cx, self.cleanup = cx, function() close(self) end
  cx:cleanup(self.cleanup)
  read_output(self)
  read_complaints(self)
  return self
end

--- Writes what came, as far as its lines are whole; `all`: the rest, too.
local function drain(self, all)
  if not (self.has_line or all) then return end
  local text = table.concat(self.chunks)
  local last = all and #text or #(text:match("^.*\n") or "")
  self.chunks, self.waiting, self.has_line = { text:sub(last + 1) }, #text - last, false
  if last > 0 then self.write(text:sub(1, last)) end
  if self.paused then
    self.paused = false
    read_output(self)
  end
end

--- Waits until something happens, and takes what came.
local function wait(self)
  task.wait(self.event)
  self.event = { done_ = false }
  drain(self)
end

--- Gives jq a text.
---@param text string
function Jq:feed(text)
  if self.code then return end -- it says why at the end
  self.pipes[1]:write(text, function() happen(self) end)
  while not self.code and self.pipes[1]:get_write_queue_size() > BUSY do wait(self) end
  if self.chunks[1] then drain(self) end
end

--- Ends jq's input and waits for the rest.
---@return true? ok, any err
function Jq:finish()
  local input = self.pipes[1]
  input:shutdown(function()
    if not input:is_closing() then input:close() end
  end)
  while self.open > 0 do wait(self) end
  close(self)
  drain(self, true)
  self.cx:drop_cleanup(self.cleanup)
  if self.code == 0 then return true end
  local line = self.complaint:match("[^\n]+") or ("it ended with code %d"):format(self.code)
  if not line:find("^jq: ") then line = "jq: " .. line end
  if self.code == 3 then return nil, context.error("params", "--jq: " .. line:gsub("^jq: ", "")) end
  return nil, line
end

--- Whether jq is there and understands an expression: compiled, but run on nothing.
---@param cx bosa.cli.Context
---@param expression string
---@return true? ok, any err
function jq.check(cx, expression)
  local self, err = jq.start(cx, expression, function() end)
  if not self then return nil, err end
  return self:finish()
end

return jq
