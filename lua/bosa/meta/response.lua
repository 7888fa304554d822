---@meta _

--- What an action answered. Data is made into Lua values when it is first asked for.
---@class bosa.Response
---@field data any what the action gave: a value, a list, or a bosa.File
---@field meta table of a list: total, page, has_next, cursors, ...; empty where the answer has none
---@field status integer
---@field headers table<string, string> by lower-case name
---@field attempts integer
---@field elapsed number seconds from the call's beginning to its end
---@field reference_id? string
---@field [integer] any an element of the list
---@operator len: integer
local Response = {}

--- What loops over pages take.
---@class bosa.PageOptions
---@field prefetch? integer pages that are asked for ahead (0)
---@field max_pages? integer
---@field max_items? integer
---@field reverse? boolean pages before this one, not those after (of `pages` only)

--- The same as `response.data`.
---@return any
function Response:get_data() end

--- The same as `response.meta`.
---@return table
function Response:get_meta() end

--- The same as `response.status`.
---@return integer
function Response:get_status() end

--- Whether the data is a list.
---@return boolean
function Response:is_list() end

--- Whether there is a page after this one.
---@return boolean
function Response:has_next() end

--- Whether there is a page before this one.
---@return boolean
function Response:has_prev() end

--- The page after this one; plain nil: there is none.
---@return bosa.Response? page
---@return bosa.Error? err
function Response:next_page() end

--- The page before this one; plain nil: there is none.
---@return bosa.Response? page
---@return bosa.Error? err
function Response:prev_page() end

--- Every page, this one first: `for page in response:pages() do`. Raises the error of a page that can't be had; leaving
--- early cancels what was asked for ahead.
---@param options? bosa.PageOptions
---@return fun(): bosa.Response
function Response:pages(options) end

--- Every item of this page and the ones after: `for item, page in response:items() do`. Raises as `pages` does.
---@param options? bosa.PageOptions
---@return fun(): any, bosa.Response
function Response:items(options) end

--- This page and all after it, an entry each.
---@return { data: any, meta: table }[]? pages
---@return bosa.Error? err
function Response:get_all_items() end

--- A file: one to send, by `bosa.file`, or one that came as a response's data.
---@class bosa.File
---@field file? string its bytes; of one that came they are read when asked for
---@field filename? string
---@field content_type? string
---@field headers table<string, string>
---@field size? integer bytes
local File = {}

--- Writes it to a path: whole or not at all.
---@param path string
---@return string? path
---@return bosa.Error? err
function File:save(path) end

--- Writes it into a directory, under a safe form of the name that the server gave; never outside of it, never over
--- another file.
---@param directory string
---@return string? path
---@return bosa.Error? err
function File:save_in(directory) end

--- Its bytes in chunks: `for chunk in file:chunks() do`.
---@param size? integer bytes of a chunk (65536)
---@return fun(): string?
function File:chunks(size) end

return Response
