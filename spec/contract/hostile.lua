--- Responses that a careless reader misreads: the bytes a server writes, how it ends the connection then, and what must
-- come of it on every transport. The server of spec/support/wire_server.lua writes them; spec/wire_spec.lua and
-- doc/faults.md are made of this list, by way of spec/contract/faults.lua.
--
-- {name, bytes, kind =, sent =, status =, ends =, data =}: `kind` and `sent` of the error, or `status` of a response.
-- `ends`: how the server ends the connection; false: not at all, as after a good response, where the next call could
-- meet the end.

local hostile = {}

local JSON = "Content-Type: application/json\r\n"
local BODY = '{"data":{"ok":true}}' -- 20 bytes
local OK = "HTTP/1.1 200 OK\r\n" .. JSON
local WHOLE = OK .. "Content-Length: 20\r\n\r\n" .. BODY
local CHUNKED = OK .. "Transfer-Encoding: chunked\r\n\r\n"
local CHUNKS = "14\r\n" .. BODY .. "\r\n0\r\n\r\n"

local function refused(name, bytes, sent)
  hostile[#hostile + 1] = { name = name, bytes = bytes, kind = "protocol", sent = sent or "yes" }
end

local function lost(name, bytes, sent, ends)
  hostile[#hostile + 1] = { name = name, bytes = bytes, kind = "connection", sent = sent or "yes", ends = ends }
end

local function read(name, bytes, status, ends)
  hostile[#hostile + 1] = { name = name, bytes = bytes, status = status or 200, ends = ends or false }
end

local function with(field) return OK .. field .. "\r\n\r\n" .. BODY end

-- RFC 9112, section 4: the status line
refused("a status line of HTTP/2 in clear text", "HTTP/2 200 OK\r\n" .. JSON .. "\r\n" .. BODY, "maybe")
refused("a status line of HTTP/2.0", "HTTP/2.0 200 OK\r\n" .. JSON .. "\r\n" .. BODY, "maybe")
refused("a status line of HTTP/0.9's successor that never was", "HTTP/0.9 200 OK\r\n\r\n", "maybe")
refused("content without a status line, as in HTTP/0.9", BODY, "maybe")
refused("a status line in lower case", "http/1.1 200 OK\r\n\r\n", "maybe")
refused("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "maybe")
refused("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "maybe")
refused("a status below 100", "HTTP/1.1 099 Low\r\n\r\n", "maybe")
refused("a status above 599", "HTTP/1.1 600 High\r\n\r\n", "maybe")
refused("two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", "maybe")
refused("a space before the status line", " HTTP/1.1 200 OK\r\n\r\n", "maybe")
refused("an empty line before the status line", "\r\n" .. WHOLE, "maybe")
refused("a NUL in the status line", "HTTP/1.1 200 O\0K\r\n\r\n", "maybe")
read("HTTP/1.2, which is read as HTTP/1.1", (WHOLE:gsub("HTTP/1.1", "HTTP/1.2")))
read("a status line without a reason", (WHOLE:gsub("200 OK", "200")))
read("HTTP/1.0", (WHOLE:gsub("HTTP/1.1", "HTTP/1.0")))
read("line feeds without carriage returns", (WHOLE:gsub("\r\n", "\n")))

-- section 5: field lines
refused("a header line without a colon", OK .. "no colon\r\n\r\n")
refused("white space before the colon", with("Content-Length : 20"))
refused("a header field without a name", with(": nameless"))
refused("a carriage return within a header line", with("X: a\rContent-Length: 20"))
refused("a NUL within a header line", with("X: a\0b"))
refused("a header line that begins with white space",
  "HTTP/1.1 200 OK\r\n X: y\r\n" .. JSON .. "\r\n" .. BODY)
refused("a Content-Length folded over two lines", with("Content-Length: 2\r\n 0"))
read("a header field folded over two lines", with("X: a\r\n b\r\nContent-Length: 20"))
read("bytes over 127 in a header field", with("X: caf\233\r\nContent-Length: 20"))

-- section 6: how long it is
refused("Content-Length: +20", with("Content-Length: +20"))
refused("Content-Length: -20", with("Content-Length: -20"))
refused("Content-Length: 20 abc", with("Content-Length: 20 abc"))
refused("Content-Length: 0x14", with("Content-Length: 0x14"))
refused("Content-Length: 2e1", with("Content-Length: 2e1"))
refused("Content-Length: 20.0", with("Content-Length: 20.0"))
refused("an empty Content-Length", with("Content-Length:"))
refused("Content-Length: 20, 21", with("Content-Length: 20, 21"))
refused("Content-Length: 20,", with("Content-Length: 20,"))
refused("a Content-Length of 2^64 and more", with("Content-Length: 18446744073709551636"))
refused("two Content-Lengths that differ", with("Content-Length: 20\r\nContent-Length: 21"))
read("Content-Length: 20, 20", with("Content-Length: 20, 20"))
read("two equal Content-Lengths", with("Content-Length: 20\r\nContent-Length: 20"))
refused("Content-Length with Transfer-Encoding",
  OK .. "Content-Length: 20\r\nTransfer-Encoding: chunked\r\n\r\n" .. CHUNKS)
refused("Transfer-Encoding with Content-Length",
  OK .. "Transfer-Encoding: chunked\r\nContent-Length: 20\r\n\r\n" .. CHUNKS)
refused("Transfer-Encoding: gzip, chunked", OK .. "Transfer-Encoding: gzip, chunked\r\n\r\n" .. CHUNKS)
refused("Transfer-Encoding: chunked, chunked",
  OK .. "Transfer-Encoding: chunked, chunked\r\n\r\n" .. CHUNKS)
refused("Transfer-Encoding: chunked, twice",
  OK .. ("Transfer-Encoding: chunked\r\n"):rep(2) .. "\r\n" .. CHUNKS)
refused("Transfer-Encoding: identity", OK .. "Transfer-Encoding: identity\r\n\r\n" .. BODY)
refused("Transfer-Encoding: xchunked", OK .. "Transfer-Encoding: xchunked\r\n\r\n" .. CHUNKS)
read("chunks in HTTP/1.0", (CHUNKED:gsub("HTTP/1.1", "HTTP/1.0")) .. CHUNKS)
read("Transfer-Encoding: CHUNKED", (CHUNKED:gsub("chunked", "CHUNKED")) .. CHUNKS)
lost("fewer bytes than Content-Length says", OK .. "Content-Length: 21\r\n\r\n" .. BODY)
refused("JSON that Content-Length cuts off", OK .. "Content-Length: 19\r\n\r\n" .. BODY)
read("no length, and the connection's end", OK .. "\r\n" .. BODY, 200, "close")

-- section 7: chunks
refused("a chunk size that is not a number", CHUNKED .. "xyz\r\n" .. BODY)
refused("a chunk size with a sign", CHUNKED .. "+14\r\n" .. BODY .. "\r\n0\r\n\r\n")
refused("a chunk size with 0x", CHUNKED .. "0x14\r\n" .. BODY .. "\r\n0\r\n\r\n")
refused("an empty chunk size", CHUNKED .. "\r\n" .. BODY .. "\r\n0\r\n\r\n")
refused("a space before the chunk size", CHUNKED .. " 14\r\n" .. BODY .. "\r\n0\r\n\r\n")
refused("a chunk size of 17 digits", CHUNKED .. "10000000000000014\r\n" .. BODY .. "\r\n0\r\n\r\n")
refused("a chunk longer than its size", CHUNKED .. "13\r\n" .. BODY .. "\r\n0\r\n\r\n")
lost("a chunk shorter than its size", CHUNKED .. "18\r\n" .. BODY)
lost("chunks without the last", CHUNKED .. "14\r\n" .. BODY .. "\r\n")
lost("chunks that end before the last line", CHUNKED .. "14\r\n" .. BODY .. "\r\n0\r\n")
read("chunk extensions", CHUNKED .. "14;name=value\r\n" .. BODY .. "\r\n0;last\r\n\r\n")
read("trailers", CHUNKED .. "14\r\n" .. BODY .. "\r\n0\r\nX-Trailer: y\r\nContent-Length: 3\r\n\r\n")
read("leading zeros in a chunk size", CHUNKED .. "000014\r\n" .. BODY .. "\r\n000\r\n\r\n")

-- RFC 9110, section 15.2: responses that are not final
read("100 Continue, then the response", "HTTP/1.1 100 Continue\r\n\r\n" .. WHOLE)
read("103 with header fields, then the response", "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n" .. WHOLE)
refused("content after 100 Continue", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello" .. WHOLE, "maybe")
lost("100 Continue, then the end", "HTTP/1.1 100 Continue\r\n\r\n", "maybe")
lost("103 Early Hints, then the end", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "maybe")
lost("103 Early Hints, then a reset", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "maybe", "reset")
refused("101 Switching Protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" .. WHOLE, "maybe")
read("204 with a Content-Length", "HTTP/1.1 204 No Content\r\nContent-Length: 20\r\n\r\n", 204)
read("204 with content", "HTTP/1.1 204 No Content\r\nContent-Length: 20\r\n\r\n" .. BODY, 204)
read("204 with a content coding", "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n", 204)

-- section 8.4: content codings
refused("Content-Encoding: br", with("Content-Encoding: br\r\nContent-Length: 20"))
refused("Content-Encoding: gzip, gzip", with("Content-Encoding: gzip, gzip\r\nContent-Length: 20"))
refused("Content-Encoding: gzip over content that is not compressed",
  with("Content-Encoding: gzip\r\nContent-Length: 20"))
refused("Content-Encoding: deflate over content that is not compressed",
  with("Content-Encoding: deflate\r\nContent-Length: 20"))
read("Content-Encoding: none", with("Content-Encoding: none\r\nContent-Length: 20"))
for _, none in ipairs({
  "UTF-8", "utf8", "iso-8859-1", "ascii", "windows-1252", "binary", "8bit", "aws-chunked", "identity, none", ",",
  "None , UTF-8",
}) do
  read("Content-Encoding: " .. none, with("Content-Encoding: " .. none .. "\r\nContent-Length: 20"))
end
read("an empty Content-Encoding", with("Content-Encoding:\r\nContent-Length: 20"))
read("Content-Encoding: identity", with("Content-Encoding: identity\r\nContent-Length: 20"))

-- what comes after the response
read("the next response, not asked for", WHOLE .. WHOLE)
read("bytes after the response", WHOLE .. "more")
read("Connection: close, and no end", with("Connection: close\r\nContent-Length: 20"))

return hostile
