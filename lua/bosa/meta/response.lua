---@meta _

--- The response of an action. bosa decodes its data when you first ask for it.
---@class bosa.Response
---@field data any the result: a value, a list, or a bosa.File
---@field meta table of a list: total, page, has_next, cursors, ...; empty if the response has none
---@field status integer
---@field headers table<string, string> by lower-case name
---@field attempts integer
---@field elapsed number seconds of the whole call
---@field reference_id? string
---@field [integer] any an item of the list
---@operator len: integer
local Response = {}

--- Options of loops over pages.
---@class bosa.PageOptions
---@field prefetch? integer pages to fetch ahead (0)
---@field max_pages? integer
---@field max_items? integer of `pages`: no page is fetched once those before it have as many
---@field reverse? boolean the pages before this one (`pages` only)

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

--- The next page; plain nil if there is none.
---@return bosa.Response? page
---@return bosa.Error? err
function Response:next_page() end

--- The page before this one; plain nil if there is none.
---@return bosa.Response? page
---@return bosa.Error? err
function Response:prev_page() end

--- Every page, this one first: `for page in response:pages() do`. It raises the error of a page that fails. If you
--- leave the loop early, it cancels the pages fetched ahead.
---@param options? bosa.PageOptions
---@return fun(): bosa.Response
function Response:pages(options) end

--- Every item of this page and the next ones: `for item, page in response:items() do`. It raises as `pages` does.
---@param options? bosa.PageOptions
---@return fun(): any, bosa.Response
function Response:items(options) end

--- This page and all after it, one entry for each.
---@return { data: any, meta: table }[]? pages
---@return bosa.Error? err
function Response:get_all_items() end

--- A file to send, made by `bosa.file`, or a file in a response.
---@class bosa.File
---@field file? string its bytes; for a response they are read when you ask for them
---@field filename? string
---@field content_type? string
---@field headers table<string, string>
---@field size? integer bytes
local File = {}

--- Writes it to a path, whole or not at all.
---@param path string
---@return string? path
---@return bosa.Error? err
function File:save(path) end

--- Writes it into a directory, under a safe form of the server's filename: never outside of it, never over another
--- file.
---@param directory string
---@return string? path
---@return bosa.Error? err
function File:save_in(directory) end

--- Its bytes in chunks: `for chunk in file:chunks() do`.
---@param size? integer bytes of a chunk (65536)
---@return fun(): string?
function File:chunks(size) end

return Response
