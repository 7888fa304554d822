#!/usr/bin/env bash
# with-sandbox.sh CMD...: runs CMD with a sandbox server of its own on a free port of loopback, whose
# address and credentials are in BOSA_API_BASE_URL, BOSA_API_KEY and BOSA_TOKEN. Exits as CMD does.
#
# The server reads its standard input from a pipe that only this script holds open, so it ends with
# the script, however that ends.
set -u
[ $# -gt 0 ] || { echo "usage: $0 CMD..." >&2; exit 2; }
top=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
sandbox=${BOSA_SANDBOX:-$build/bin/bosa-sandbox}
[ -x "$sandbox" ] || { echo "$0: no program $sandbox; make build first" >&2; exit 1; }

pipes=$(mktemp -d) || exit 1
server=
stop() {
  trap - EXIT INT TERM HUP
  exec 4>&- 3<&-
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null
  rm -rf "$pipes"
}
trap stop EXIT
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM HUP

mkfifo "$pipes/in" "$pipes/out" || exit 1
# shellcheck disable=SC2086 # SANDBOX_ARGS is a list of words
"$sandbox" --port 0 --until-eof ${SANDBOX_ARGS-} <"$pipes/in" >"$pipes/out" &
server=$!
exec 4>"$pipes/in" 3<"$pipes/out"

url='' key='' token=''
while [ -z "$url" ] || [ -z "$key" ] || [ -z "$token" ]; do
  if ! read -r -t 20 line <&3; then
    echo "$0: the sandbox server did not start" >&2
    exit 1
  fi
  case $line in
    "listening on "*) url=${line#listening on } ;;
    "api key "*) key=${line#api key } ;;
    "token "*) token=${line#token } ;;
  esac
done

BOSA_API_BASE_URL=$url BOSA_API_KEY=$key BOSA_TOKEN=$token "$@" 3<&- 4>&-
exit $?
