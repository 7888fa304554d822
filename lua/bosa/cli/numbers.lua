--- Numbers as options of a command line, for `convert` of lua-argparse: functions of a text that give its number, or
-- nil and one line that names the option, what it takes, and what it got.

local numbers = {}

local MOST = 2147483647 -- of a number whose bound is no matter
local MOST_DIGITS = "18446744073709551615"

--- A text in decimal digits as a number; nil: it is none. (tonumber takes "0x10", and on LuaJIT "nan", too.)
local function number_of(text) return text:find("^%d*%.?%d+$") and tonumber(text) or nil end

local function refuse(option, expected, text)
  return nil, ("%s: %s expected, not '%s'"):format(option, expected, text)
end

--- Whole numbers from `least` to `most`.
---@param option string like "--limit"
---@param least integer
---@param most integer? 2^31 - 1
---@return fun(text: string): integer?, string?
function numbers.whole(option, least, most)
  most = most or MOST
  local expected = ("a whole number from %d to %d"):format(least, most)
  return function(text)
    local number = number_of(text)
    if not number or number % 1 ~= 0 or number < least or number > most then
      return refuse(option, expected, text)
    end
    return math.floor(number)
  end
end

--- Seconds from `least` (0: any above it) to `most`.
---@param option string
---@param least number
---@param most number
---@return fun(text: string): number?, string?
function numbers.seconds(option, least, most)
  local expected = least > 0 and ("seconds from %g to %d"):format(least, most)
    or ("seconds, above 0 and at most %d,"):format(most)
  return function(text)
    local number = number_of(text)
    if not number or number == 0 or number < least or number > most then return refuse(option, expected, text) end
    return number
  end
end

--- A whole number of 64 bits, which stays text.
---@param option string
---@return fun(text: string): string?, string?
function numbers.digits(option)
  return function(text)
    local digits = text:match("^0*(%d+)$")
    local fits = digits and (#digits < #MOST_DIGITS or #digits == #MOST_DIGITS and digits <= MOST_DIGITS)
    if not fits then return refuse(option, "a whole number from 0 to " .. MOST_DIGITS, text) end
    return digits
  end
end

return numbers
