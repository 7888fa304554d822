#!/usr/bin/env bash
# need.sh THING: succeeds when the compiler finds what THING needs; says what to install if not.
# The environment gives CC and CPPFLAGS.
# need.sh has-archive: succeeds where bosa.archive can be built, and is silent: bosa does without. LIBS are its libraries.
set -u

say() { # what, Debian, Fedora, Arch, Homebrew
  {
    echo "error: $1 was not found. It comes with"
    printf '  %-16s %s\n' "Debian, Ubuntu" "apt install $2" Fedora "dnf install $3" \
      Arch "pacman -S $4" Homebrew "$5"
    echo "On Debian and Ubuntu, \`make deps\` as root installs all that is missing."
  } >&2
  exit 1
}

# False when the header of libcurl is of an older one than csrc/core/transport/libcurl_version.h asks for.
new_enough() {
  printf '#include <curl/curl.h>\n#include "transport/libcurl_version.h"\n%s\n#error\n#endif\n' \
    '#if LIBCURL_VERSION_NUM < LIBCURL_LEAST' | ${CC:-cc} ${CPPFLAGS-} -Icsrc/core -x c -E - >/dev/null 2>&1
}

least=$(sed -n 's/^#define LIBCURL_LEAST_TEXT "\(.*\)"/\1/p' csrc/core/transport/libcurl_version.h)

# True when a program that includes the header compiles.
has() {
  # shellcheck disable=SC2086 # CC and CPPFLAGS are lists of words
  echo "#include <$1>" | ${CC:-cc} ${CPPFLAGS-} -x c -E - >/dev/null 2>&1
}

# True when a program of libarchive's and libcrypto's compiles and links.
has_archive() {
  local program status
  program=$(mktemp) || return
  # shellcheck disable=SC2086 # CC, CPPFLAGS and LIBS are lists of words
  printf '#include <archive.h>\n#include <openssl/evp.h>\n%s\n' \
    'int main(void) { return archive_version_number() < 3001000 || !EVP_sha256(); }' |
    ${CC:-cc} ${CPPFLAGS-} -x c - -o "$program" ${LIBS-} >/dev/null 2>&1
  status=$?
  rm -f "$program"
  return $status
}

case ${1-} in
  has-archive) has_archive ;;
  cc) command -v "${CC%% *}" >/dev/null ||
    say "the C compiler \`${CC%% *}\`" gcc gcc gcc "xcode-select --install" ;;
  curl)
    has curl/curl.h ||
      say "curl/curl.h, libcurl's header," libcurl4-openssl-dev libcurl-devel curl "brew install curl"
    new_enough || say "libcurl $least or later (this one's curl/curl.h is older)" libcurl4-openssl-dev libcurl-devel curl \
      "brew install curl"
    ;;
  zlib) has zlib.h ||
    say "zlib.h, zlib's header," zlib1g-dev zlib-devel zlib "brew install zlib" ;;
  microhttpd) has microhttpd.h ||
    say "microhttpd.h (the sandbox server needs it)" libmicrohttpd-dev libmicrohttpd-devel \
      libmicrohttpd "brew install libmicrohttpd" ;;
  cmocka) printf '#include <stdarg.h>\n#include <setjmp.h>\n#include <stddef.h>\n#include <stdint.h>\n' |
    cat - <(echo '#include <cmocka.h>') | ${CC:-cc} ${CPPFLAGS-} -x c -E - >/dev/null 2>&1 ||
    say "cmocka.h (the C tests need it)" libcmocka-dev libcmocka-devel cmocka "brew install cmocka" ;;
  lua) [ -n "${LUA_INCDIRS// /}" ] ||
    say "lua.h, of Lua 5.4, Lua 5.5 or LuaJIT," "liblua5.4-dev libluajit-5.1-dev" \
      "lua-devel luajit-devel" "lua luajit" "brew install lua luajit" ;;
  luajit) [ -n "${LUAJIT_INCDIR-}" ] ||
    say "luajit.h, of LuaJIT, which Neovim runs on," libluajit-5.1-dev luajit-devel luajit "brew install luajit" ;;
  puc-lua) [ -n "${PUC_LUA_INCDIR-}" ] ||
    say "lua.h, of Lua 5.4 or Lua 5.5 (the C tests need it)," liblua5.4-dev lua-devel lua "brew install lua" ;;
  *)
    echo "usage: $0 cc|curl|zlib|microhttpd|cmocka|lua|luajit|puc-lua" >&2
    exit 2
    ;;
esac
