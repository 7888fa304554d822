#!/usr/bin/env bash
# rules.sh [DIR]: what a search can check of the tree's order (DIR: another checkout, for the tests).
#
# The rooms of csrc/core, from the ground floor up. A room includes headers of its own and of rooms
# below it, spelled with their room ("json/json.h"). A *_internal.h, and a header whose first comment
# says "Private", is included from its own room only.
#
# A module of lua/bosa is completed by nobody else: what it needs it requires, and no two require each other.
#
# A file has at most 600 lines, a function 70.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 2
rooms="base json schema http request reply hub call transport"
status=0

complain() {
  echo "rules: $1" >&2
  status=1
}

# Prints FILE:LINE:HEADER for each include of the files named.
includes() {
  grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' "$@" |
    sed -E 's/^([^:]*:[0-9]+):[^<"]*[<"]([^>"]*)[>"].*/\1:\2/'
}

# Sets `floor` to a room's, -1 where it is none.
find_floor() {
  local room
  floor=0
  for room in $rooms; do
    [ "$room" = "$1" ] && return
    floor=$((floor + 1))
  done
  floor=-1
}

# The headers of csrc/core that are private, each between two spaces.
private=" $(cd csrc/core && find . -name '*.h' -exec awk '
  FNR == 1 { inside = 1; said = FILENAME ~ /_internal\.h$/; if (said) print substr(FILENAME, 3) }
  inside && /(^|[^A-Za-z0-9_])Private([^A-Za-z0-9_]|$)/ && !said { print substr(FILENAME, 3); said = 1 }
  /\*\// { inside = 0 }' {} + | tr '\n' ' ') "

is_private() {
  case $private in *" $1 "*) return 0 ;; esac
  return 1
}

stray=$(ls -p csrc/core | grep -v /)
[ -z "$stray" ] || complain "these files of csrc/core lie in no room: $stray"
for dir in csrc/core/*/; do
  room=$(basename "$dir")
  find_floor "$room"
  [ "$floor" -ge 0 ] || complain "csrc/core/$room is no room that this script knows"
done

while IFS=: read -r file line header; do
  room=${file#csrc/core/} room=${room%%/*}
  other=${header%%/*}
  case $header in
    lua.h | lauxlib.h | lualib.h | luajit.h | luaconf.h)
      complain "$file:$line: the core knows nothing of Lua, but includes $header" ;;
    curl/*)
      [ "$room" = transport ] || complain "$file:$line: only transport includes $header" ;;
    archive.h | archive_entry.h | openssl/*) complain "$file:$line: only csrc/archive includes $header" ;;
  esac
  [ -f "csrc/core/$header" ] || continue
  find_floor "$other"
  above=$floor
  find_floor "$room"
  [ "$above" -le "$floor" ] || complain "$file:$line: $room lies below $other, so it can't include $header"
  if [ "$other" != "$room" ] && is_private "$header"; then
    complain "$file:$line: $header is private to its room"
  fi
done < <(includes csrc/core/*/*.[ch])

while IFS=: read -r file line header; do
  case $header in
    curl/*) complain "$file:$line: only csrc/core/transport includes $header" ;;
    archive.h | archive_entry.h | openssl/*)
      case $file in csrc/archive/*) ;; *) complain "$file:$line: only csrc/archive includes $header" ;; esac ;;
  esac
  if [ -f "csrc/core/$header" ] && is_private "$header"; then
    complain "$file:$line: $header is private to its room"
  fi
done < <(includes csrc/lua/*.[ch] csrc/sandbox/*.[ch] csrc/archive/*.[ch])

# Prints FILE:LINE:NAME for each assignment to a field of a module that the file requires.
completions() {
  find lua/bosa -name '*.lua' -exec awk '
    FNR == 1 { split("", required) }
    match($0, /^local [A-Za-z_]+ = require\("bosa\.[a-z_.]+"\)$/) { required[$2] = 1 }
    {
      name = $1 == "function" ? $2 : $0
      if (!match(name, /^[ ]*[A-Za-z_]+[.][A-Za-z_]+/)) next
      target = substr(name, 1, RLENGTH)
      rest = substr(name, RLENGTH + 1)
      gsub(/ /, "", target)
      split(target, part, ".")
      if (part[1] in required && ($1 == "function" || rest ~ /^(,.*)? = /)) print FILENAME ":" FNR ":" target
    }' {} +
}

while IFS=: read -r file line name; do
  complain "$file:$line: a module is completed from outside by an assignment to $name"
done < <(completions)

# Prints REQUIRING REQUIRED for each require of a module of lua/bosa, also of those inside functions.
requires() {
  find lua/bosa -name '*.lua' ! -path '*/meta/*' -exec grep -oHE '^[^-]*require\("bosa[a-z_.]*"\)' {} + |
    sed -E 's#^lua/##; s#(/init)?\.lua:.*require\("([^"]*)"\)# \2#; :again; s#^([^ ]*)/#\1.#; t again'
}

# Prints FILE:LINE:LINES for each function that is too long, FILE:0:LINES for each such file. A function of Lua is one
# that begins a line, or is assigned or returned there, and ends with an `end` as far to the right: not the block that
# is given to describe or it.
long_ones() {
  find csrc lua spec \( -name '*.[ch]' -o -name '*.lua' \) -exec awk -v most=70 -v most_lines=600 '
    function leave() { if (count > most_lines) print file ":0:" count }
    FNR == 1 { leave(); file = FILENAME; depth = 0; begun = 0 }
    { count = FNR }
    FILENAME ~ /\.[ch]$/ && /^\{/ { begun = FNR }
    FILENAME ~ /\.[ch]$/ && /^\}/ {
      if (begun && FNR - begun >= most) print FILENAME ":" begun ":" FNR - begun + 1
      begun = 0
    }
    FILENAME ~ /\.lua$/ && /^ *(local |return )?([A-Za-z0-9_.]+ = )?function[ (]/ && !/[^A-Za-z0-9_]end([^A-Za-z0-9_]|$)/ {
      match($0, /^ */)
      from[++depth] = FNR
      indent[depth] = RLENGTH
    }
    FILENAME ~ /\.lua$/ && /^ *end([^A-Za-z0-9_]|$)/ {
      match($0, /^ */)
      while (depth && indent[depth] > RLENGTH) depth--
      if (!depth || indent[depth] != RLENGTH) next
      if (FNR - from[depth] >= most) print FILENAME ":" from[depth] ":" FNR - from[depth] + 1
      depth--
    }
    END { leave() }' {} +
}

while IFS=: read -r file line lines; do
  if [ "$line" = 0 ]; then
    complain "$file: $lines lines are too many, at most 600"
  else
    complain "$file:$line: a function of $lines lines is too long, at most 70"
  fi
done < <(long_ones)

circle=$(requires | tsort 2>&1 >/dev/null | sed -n 's/^tsort: *\(bosa[a-z_.]*\)$/\1/p' | tr '\n' ' ')
[ -z "$circle" ] || complain "these modules of lua/bosa require each other: $circle"
exit $status
