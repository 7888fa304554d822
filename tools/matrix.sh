#!/usr/bin/env bash
# matrix.sh [--table FILE] [LINE...]: tries bosa on what one Linux machine can stand in for: other Debians (as root, in a
# chroot), other versions of libcurl and Neovim, other systems by zig's compiler, other processors by qemu-user.
#
# Each line is passed, failed, or not to be had here, and its log is in build/matrix/LINE.log. The last line is
# "N passed, N failed", of lines. --table FILE: puts the last result of every line into FILE, between its two
# <!-- matrix --> marks. The environment may give
#   MATRIX_DIR   where chroots, packages and builds are kept (/var/tmp/bosa-matrix); rm -rf it when you are done
#   FULL=1       the whole `make test` in the chroots, not only C and what speaks to a server
set -u
cd "$(dirname "$0")/.."
work=${MATRIX_DIR:-/var/tmp/bosa-matrix}
logs=$PWD/build/matrix
all="bookworm trixie sid lua5.5 deb neovim-0.11 libcurl-trixie libcurl-sid"
all+=" macos-arm64 macos-x86_64 freebsd netbsd musl arm64 s390x i386"
SERVER_SPECS='contract|wire|retry|files|hosts'
QUICK_SPECS='/(json|numbers|validation|response|errors|retry|files|parallel)_spec'
mkdir -p "$work" "$logs"

# ---- what the lines use ----

# Ends a line that can't be tried.
unavailable() {
  echo "not to be had: $1"
  exit 3
}

# What a line was run with, for the table.
with() {
  echo "with: $*"
}

# Installs a package from the Python package index, once.
wheel() {
  local package
  package=$(tools/version.sh "$1")
  [ -e "$work/py/bin/python" ] || python3 -m venv "$work/py" || unavailable "Python's venv"
  [ -e "$work/py/has-$package" ] && return
  "$work/py/bin/python" -m pip --disable-pip-version-check -q install "$package" || unavailable "$package from the package index"
  touch "$work/py/has-$package"
}

# The headers of libraries, which say the same on every system, in one place.
headers() {
  local from dir=$work/headers
  mkdir -p "$dir"
  for from in curl/curl.h zlib.h zconf.h microhttpd.h cmocka.h; do
    from=$(echo "#include <$from>" | cat <(printf '#include <std%s.h>\n' arg def int) <(echo '#include <setjmp.h>') - |
      cc -x c -E - | sed -n "s|^# 1 \"\\(.*\\)/$from\".*|\\1/${from%%/*}|p" | head -n 1)
    [ -n "$from" ] || unavailable "the headers of libcurl, zlib, libmicrohttpd and cmocka"
    cp -rL "$from" "$dir/"
  done
  for from in lua5.4 luajit; do
    cp -rLT "$(tools/find-lua.sh $from)" "$dir/$from" || unavailable "the headers of $from"
  done
  cp /usr/include/*/lua5.4-deb-multiarch.h "$dir/lua5.4/" 2>/dev/null || true
}

# Makes targets with zig's compiler: TRIPLE SYSTEM [NAME=VALUE | TARGET]...
zig_make() {
  local triple=$1 system=$2 zig="$work/py/bin/python -m ziglang"
  shift 2
  export ZIG_GLOBAL_CACHE_DIR=$work/zig-cache ZIG_LOCAL_CACHE_DIR=$work/zig-cache
  make -j"$(getconf _NPROCESSORS_ONLN)" CC="$zig cc -target $triple" AR="$zig ar" SYSTEM="$system" \
    BUILD="$PWD/build/zig/$triple" CFLAGS="-O1 -Werror" CURL_INCDIR="$work/headers" CURL_LIBS= ZLIB_CFLAGS="-isystem$work/headers" ZLIB_LIBS= \
    MHD_CFLAGS="-isystem$work/headers" CMOCKA_CFLAGS="-isystem$work/headers" LUA54_INCDIR="$work/headers/lua5.4" \
    LUA55_INCDIR= LUAJIT_INCDIR="$work/headers/luajit" "$@"
}

# Everything but the tests' programs is compiled, and the modules are linked; what a Lua and a libcurl will give is left open.
compile_for() {
  wheel ziglang
  headers
  with "zig $("$work/py/bin/python" -m ziglang version), headers of libcurl $(curl_version_of "$work/headers")"
  zig_make "$@" objects modules
}

curl_version_of() {
  sed -n 's/^#define LIBCURL_VERSION "\(.*\)"/\1/p' "$1/curl/curlver.h"
}

# The tests of C with the libraries of another Debian, but the programs of this one.
libcurl_of() {
  local root=$work/libs-$1
  tools/sysroot.sh "$1" "$(dpkg --print-architecture)" "$root" libc6 libcurl4t64 zlib1g libcmocka0 liblua5.4-0 || exit
  make -j"$(getconf _NPROCESSORS_ONLN)" build spec-programs || exit 1
  local libs
  libs=$(dirname "$(find "$root/usr/lib" -name 'libcurl.so.4' | head -n 1)")
  with "libcurl $(sed -n 's/^libcurl4[^_]*_\([0-9.]*\).*/\1/p' "$root/packages") of Debian $1"
  RUNNER="$(find "$root/lib64/" -name 'ld-linux*') --library-path $libs" ONLY='transfer|exchange|session' tools/test.sh c
}

# In a chroot: what is installed there.
versions_in() {
  tools/chroot.sh run "$1" 'printf "with: libcurl %s, " "$(pkg-config --modversion libcurl)"; lua5.4 -v | cut -d" " -f 1-2 |
    tr "\n" ","; printf " "; luajit -v | cut -d" " -f 1-2 | tr "\n" ","; printf " gcc %s" "$(gcc -dumpfullversion)"
    ! command -v nvim >/dev/null || printf ", Neovim %s" "$(nvim --version | sed -n "s/^NVIM v//p")"
    ! command -v nginx >/dev/null || printf ", nginx %s" "$(nginx -v 2>&1 | sed "s,.*/,,")"; echo'
}

# A bare Debian, the tree copied into it, and what `make test` installs.
debian() {
  local root=$work/$1 vms="VMS='lua5.4 luajit'" # the line of Lua 5.5 may have left that one there
  tools/chroot.sh make "$1" "$root" || exit
  tools/chroot.sh copy "$root" || exit 1
  tools/chroot.sh run "$root" 'apt-get -qq update && apt-get -qq -y install --no-install-recommends make >/dev/null' ||
    unavailable "packages of Debian $1"
  tools/chroot.sh run "$root" 'tools/deps.sh build test'
  versions_in "$root"
  if [ -n "${FULL-}" ]; then
    tools/chroot.sh run "$root" "make demo && make test $vms"
  else
    tools/chroot.sh run "$root" "make -j2 build spec-programs && { tools/test.sh c; c=\$?; ONLY='$SERVER_SPECS' $vms tools/test.sh lua && exit \$c; }"
  fi
}

# Another processor: ARCH TRIPLE QEMU. Debian's libraries for it, zig's compiler, this machine's sandbox server.
processor() {
  local arch=$1 triple=$2 qemu=$3 root=$work/root-$1 lib run
  command -v "$qemu" >/dev/null || unavailable "$qemu (package qemu-user-static)"
  tools/sysroot.sh bookworm "$arch" "$root" libc6 lua5.4 liblua5.4-0 libcurl4 zlib1g libcmocka0 lua-filesystem lua-system lua-term \
    lua-cjson lua-socket libcurl4-openssl-dev liblua5.4-dev libcmocka-dev || exit
  wheel ziglang
  headers
  make sandbox || exit 1
  lib=$(dirname "$(find "$root/usr/lib" -name 'libcurl.so.4' | head -n 1)")
  with "$qemu, zig $("$work/py/bin/python" -m ziglang version), libcurl $(curl_version_of "$root/usr/include/${lib##*/}")," \
    "Lua 5.4 of Debian bookworm for $arch"
  zig_make "$triple" Linux LUAJIT_INCDIR= CURL_LIBS="$lib/libcurl.so.4" ZLIB_LIBS="$(find "$root/usr/lib" -name 'libz.so.1' | head -n 1)" \
    CMOCKA_LIBS="$lib/libcmocka.so.0" \
    LDFLAGS="-Wl,--allow-shlib-undefined" SPOKEN_LIBS="$lib/liblua5.4.so.0" modules spec-programs || exit 1
  run="$qemu -L $root"
  mkdir -p "$PWD/build/zig/$triple/bin"
  printf '#!/bin/sh\nexec %s %s "$@"\n' "$run" "$root/usr/bin/lua5.4" >"$PWD/build/zig/$triple/bin/lua5.4"
  cp build/bin/bosa-sandbox "$PWD/build/zig/$triple/bin/"
  chmod 755 "$PWD/build/zig/$triple/bin/lua5.4"
  LIMIT=3600 BUILD=$PWD/build/zig/$triple RUNNER=$run tools/test.sh c
  local status=$?
  PATH=$PWD/build/zig/$triple/bin:$PATH BUILD=$PWD/build/zig/$triple VMS=lua5.4 ONLY=$QUICK_SPECS tools/test.sh lua && return $status
}

# ---- the lines ----

line_neovim-0.11() {
  wheel neovim
  make -j"$(getconf _NPROCESSORS_ONLN)" build || exit 1
  PATH=$work/py/bin:$PATH
  with "Neovim $(nvim --version | sed -n 's/^NVIM v//p')"
  VMS=luajit ONLY='hosts|neovim' tools/test.sh lua
}
line_libcurl-trixie() { libcurl_of trixie; }
line_libcurl-sid() { libcurl_of sid; }
# zig knows no -bundle, which is what a Lua module is there.
line_macos-arm64() { compile_for aarch64-macos Darwin LIBFLAG="-dynamiclib -undefined dynamic_lookup"; }
line_macos-x86_64() { compile_for x86_64-macos Darwin LIBFLAG="-dynamiclib -undefined dynamic_lookup"; }
line_freebsd() { compile_for x86_64-freebsd FreeBSD; }
line_netbsd() { compile_for x86_64-netbsd NetBSD; }
line_arm64() { processor arm64 aarch64-linux-gnu.2.36 qemu-aarch64-static; }
line_s390x() { processor s390x s390x-linux-gnu.2.36 qemu-s390x-static; }
line_bookworm() { debian bookworm; }
line_trixie() { debian trixie; }
line_sid() { debian sid; }

# The packages, on a Debian of this release that has nothing else.
line_deb() {
  local root=$work/deb
  make deb || exit 1
  rm -rf --one-file-system "$root"
  # shellcheck source=/dev/null
  tools/chroot.sh make "$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")" "$root" || exit
  cp build/deb/*.deb "$root/tmp/"
  tools/chroot.sh run "$root" 'apt-get -qq update && apt-get -qq -y install luajit /tmp/*.deb' || exit 1
  with "$(cd build/deb && echo *.deb)"
  # The first script of the README, on both VMs.
  awk '/^```lua$/ { on = 1; next } /^```$/ && on { exit } on' README.md >"$root/tmp/issues.lua"
  [ -s "$root/tmp/issues.lua" ] || exit 1
  tools/chroot.sh run "$root" 'set -e; for lua in lua5.4 luajit; do bosa sandbox -- $lua /tmp/issues.lua; done; bosa --version;
    dpkg -r bosa lua-bosa; ! ls -d /usr/*/lua/*/bosa 2>/dev/null'
}

line_i386() {
  local root=$work/i386
  tools/chroot.sh make bookworm "$root" i386 || exit
  tools/chroot.sh copy "$root" || exit 1
  tools/chroot.sh run "$root" 'apt-get -qq update && apt-get -qq -y install --no-install-recommends make libcmocka-dev \
    lua-busted lua-cjson lua-socket json-schema-test-suite openssl curl >/dev/null' || unavailable "packages of Debian for i386"
  tools/chroot.sh run "$root" 'tools/deps.sh build'
  versions_in "$root"
  tools/chroot.sh run "$root" "make -j2 build spec-programs CFLAGS='-O2 -g -Werror' &&
    { tools/test.sh c; c=\$?; ONLY='$QUICK_SPECS' tools/test.sh lua && exit \$c; }"
}

# The specs whose libraries sid has for Lua 5.5: all but those that need luv, lua-cjson or cqueues.
line_lua5.5() {
  local root=$work/sid needing only
  tools/chroot.sh make sid "$root" || exit
  tools/chroot.sh copy "$root" || exit 1
  tools/chroot.sh run "$root" 'apt-get -qq update && apt-get -qq -y install --no-install-recommends make lua5.5 liblua5.5-dev \
    >/dev/null' || unavailable "Lua 5.5 of Debian sid"
  tools/chroot.sh run "$root" 'tools/deps.sh build test'
  versions_in "$root" | sed 's/Lua [0-9.]*, LuaJIT [0-9.]*/Lua 5.5/'
  # The command and the prompt are luv's.
  needing=$(grep -lE 'command\.(new|start)|install.sh --command|require\("(luv|cjson|cqueues|bosa\.cli\.configuration)"\)' spec/*_spec.lua spec/*/*_spec.lua; echo spec/hosts_spec.lua)
  echo "left out, since luv, lua-cjson or cqueues is missing: "$needing
  only=$(ls spec/*_spec.lua spec/*/*_spec.lua | grep -vxF "$needing" | paste -sd'|')
  tools/chroot.sh run "$root" "make -j2 build && VMS=lua5.5 ONLY='$only' tools/test.sh lua"
}

# musl: its loader from Debian; libcurl, Mbed TLS, zlib, Lua and cmocka are compiled of Debian's sources.
line_musl() {
  local src=$work/src-musl root=$work/root-musl lib=$work/musl-libraries run
  local zig="$work/py/bin/python -m ziglang" target=x86_64-linux-musl
  wheel ziglang
  headers
  tools/sysroot.sh bookworm source "$src" curl mbedtls zlib lua5.4 cmocka || exit
  tools/sysroot.sh bookworm "$(dpkg --print-architecture)" "$root" musl || exit
  export ZIG_GLOBAL_CACHE_DIR=$work/zig-cache ZIG_LOCAL_CACHE_DIR=$work/zig-cache
  mkdir -p "$lib/bin" "$lib/include"
  [ -e "$lib/lib/libmbedtls.a" ] || musl_tls "$src/mbedtls" "$lib" || exit 1
  [ -e "$lib/libcurl.a" ] || musl_curl "$src/curl" "$lib" || exit 1
  [ -e "$lib/libz.a" ] || (cd "$src/zlib" && $zig cc -target $target -O1 -fPIC -w -DHAVE_UNISTD_H -c ./*.c &&
    $zig ar rcs "$lib/libz.a" ./*.o) || exit 1
  [ -e "$lib/libcmocka.a" ] || musl_cmocka "$src/cmocka" "$lib" || exit 1
  [ -e "$lib/liblua.a" ] || musl_lua "$src/lua5.4" "$lib" || exit 1
  make sandbox || exit 1
  with "musl $(sed -n 's/^musl_\([0-9.]*\).*/\1/p' "$root/packages"), zig $($zig version)," \
    "libcurl $(curl_version_of "$src/curl/include") with Mbed TLS, Lua 5.4"
  zig_make $target Linux LUAJIT_INCDIR= CURL_INCDIR="$src/curl/include" CURL_LIBS="$lib/libcurl.a $lib/lib/libmbedtls.a" ZLIB_LIBS="$lib/libz.a" \
    CMOCKA_LIBS="$lib/libcmocka.a" SPOKEN_LIBS="$lib/liblua.a" \
    LUA54_INCDIR="$src/lua5.4/src" LDFLAGS=-dynamic modules spec-programs || exit 1
  run=$(find "$root/lib/" -name 'ld-musl*' | head -n 1)
  mkdir -p "$PWD/build/zig/$target/bin" && cp build/bin/bosa-sandbox "$PWD/build/zig/$target/bin/"
  BUILD=$PWD/build/zig/$target RUNNER=$run tools/test.sh c || exit
  printf '#!/bin/sh\nexec %s %s "$@"\n' "$run" "$lib/lua" >"$lib/bin/lua5.4"
  chmod 755 "$lib/bin/lua5.4"
  PATH=$lib/bin:$PATH BUILD=$PWD/build/zig/$target tools/on-vm.sh lua5.4 tools/with-sandbox.sh @lua examples/demo.lua
}

musl_tls() {
  mkdir -p "$2/lib"
  cp -r "$1/include" "$2/"
  (cd "$1/library" && $zig cc -target $target -O1 -fPIC -w -I../include -c ./*.c && $zig ar rcs "$2/lib/libmbedtls.a" ./*.o &&
    for name in mbedx509 mbedcrypto; do $zig ar rcs "$2/lib/lib$name.a" || exit; done) # all in one, as far as libcurl looks
}

musl_curl() {
  local features="openssl zlib brotli zstd nghttp2 libidn2 libpsl librtmp libssh2" protocols="ldap manual ftp dict gopher imap
    mqtt pop3 rtsp smb smtp telnet tftp file"
  # shellcheck disable=SC2046,SC2086 # lists of words
  (cd "$1" && ./configure -q --host=$target CC="$zig cc -target $target" AR="$zig ar" RANLIB="$zig ranlib" CFLAGS=-O1 \
    --disable-shared --with-pic --with-mbedtls="$2" $(printf -- '--without-%s ' $features) $(printf -- '--disable-%s ' $protocols) &&
    make -s -j2 -C lib) && cp "$1/lib/.libs/libcurl.a" "$2/"
}

musl_cmocka() {
  local has="HAVE_ASSERT_H HAVE_INTTYPES_H HAVE_SIGNAL_H HAVE_STDINT_H HAVE_STRING_H HAVE_STRINGS_H HAVE_TIME_H HAVE_UNISTD_H
    HAVE_STDIO_H HAVE_STDLIB_H HAVE_MALLOC_H HAVE_SYS_TYPES_H HAVE_STRUCT_TIMESPEC HAVE_CLOCK_GETTIME HAVE_CLOCK_REALTIME
    HAVE_SNPRINTF HAVE_VSNPRINTF HAVE_STRSIGNAL HAVE_GCC_THREAD_LOCAL_STORAGE"
  # shellcheck disable=SC2046,SC2086 # lists of words
  (cd "$1" && printf '#define %s 1\n' $has >config.h && $zig cc -target $target -O1 -fPIC -w -I. -Iinclude -DHAVE_CONFIG_H \
    -D_GNU_SOURCE -c -o cmocka.o src/cmocka.c && $zig ar rcs "$2/libcmocka.a" cmocka.o)
}

# The program exports what modules need; the library is for programs that speak Lua.
musl_lua() {
  (cd "$1/src" && rm -f luac.c && $zig cc -target $target -dynamic -O1 -DLUA_USE_LINUX -rdynamic -o "$2/lua" ./*.c -lm &&
    $zig cc -target $target -O1 -fPIC -DLUA_USE_LINUX -c $(ls ./*.c | grep -vxF ./lua.c) && $zig ar rcs "$2/liblua.a" ./*.o)
}

# ---- running and telling ----

# Sets passed and failed to the sums of what a log's test runs counted.
counts() {
  read -r passed failed < <(awk '/^[0-9]+ passed, [0-9]+ failed$/ { p += $1; f += $3 } END { print p + 0, f + 0 }' "$1")
}

# Prints a line of the table: name, with, result.
row() {
  local name=$1 status=$2 log=$logs/$1.log about passed failed result
  about=$(sed -n 's/^with: //p' "$log" | head -n 1)
  counts "$log"
  case $status in
    0) result="passed"; [ "$passed" = 0 ] || result="passed: $passed tests" ;;
    3) result="not to be had: $(sed -n 's/^not to be had: //p' "$log" | tail -n 1)" ;;
    *) result="**failed**"; [ "$passed" = 0 ] || result="**failed**: $failed of $((passed + failed)) tests" ;;
  esac
  echo "| $name | $(what "$name") | $about | $result |"
}

what() {
  case $1 in
    neovim-*) echo "specs in Neovim" ;;
    libcurl-*) echo "transport's C tests" ;;
    macos-* | freebsd | netbsd) echo "compiled and linked, warnings are errors" ;;
    musl) echo "C tests, the demo" ;;
    arm64 | s390x) echo "C tests, quick specs, in qemu" ;;
    i386) echo "C tests, quick specs, on this processor" ;;
    deb) echo "the packages of \`make deb\` in a bare chroot run the README's first script" ;;
    lua5.5) echo "the specs whose libraries Debian has for it" ;;
    *) if [ -n "${FULL-}" ]; then echo "\`make demo\`, \`make test\` in a bare chroot"; else echo "C tests, specs with servers"; fi ;;
  esac
}

# Puts each line's last result into the table of a file, in order; one that was never tried here stays as it was.
update_table() {
  local file=$1 old name
  old=$(sed -n '/^<!-- matrix -->$/,/^<!-- \/matrix -->$/p' "$file")
  {
    sed '/^<!-- matrix -->$/q' "$file"
    echo
    echo "| line | what was run | with | result |"
    echo "|---|---|---|---|"
    for name in $all; do
      cat "$logs/$name.row" 2>/dev/null || grep -F "| $name |" <<<"$old"
    done
    echo
    sed -n '/^<!-- \/matrix -->$/,$p' "$file"
  } >"$file.new" && mv "$file.new" "$file"
}

table=
[ "${1-}" != --table ] || { table=$2 && shift 2; }
names=${*:-$all}
lines_passed=0 lines_failed=0
for name in $names; do
  case " $all " in *" $name "*) ;; *) echo "$0: no line \`$name\`; there are $all" >&2 && exit 2 ;; esac
  ("line_$name") >"$logs/$name.log" 2>&1 </dev/null
  status=$?
  row=$(row "$name" $status)
  echo "$row" >"$logs/$name.row"
  echo "${row//\*\*/}"
  case $status in
    0) lines_passed=$((lines_passed + 1)) ;;
    3) ;;
    *) lines_failed=$((lines_failed + 1)) && echo "    its log: build/matrix/$name.log" ;;
  esac
done
[ -z "$table" ] || update_table "$table"
echo "$lines_passed passed, $lines_failed failed"
[ "$lines_failed" -eq 0 ]
