#!/usr/bin/env bash
# recording.sh FILE: runs the commands below in a terminal (tmux) with a sandbox server, and draws what the terminal shows
# as FILE, an SVG that plays by itself. `make recording` makes doc/recording.svg of the README.
set -eu
case $1 in /*) file=$1 ;; *) file=$PWD/$1 ;; esac
cd "$(dirname "$0")/.."
command -v tmux >/dev/null || { echo "recording.sh: tmux is needed" >&2 && exit 3; }
if [ -z "${BOSA_RECORDING-}" ]; then
  BOSA_RECORDING=$(mktemp -d)
  export BOSA_RECORDING
  trap 'rm -rf "$BOSA_RECORDING"' EXIT
  tools/on-vm.sh lua5.4 tools/with-sandbox.sh "tools/recording.sh" "$file"
  exit
fi

columns=88 lines=60
dir=$BOSA_RECORDING
terminal() { tmux -L "bosa-recording-$$" -f /dev/null "$@"; }
trap 'terminal kill-server 2>/dev/null || true' EXIT

cat >"$dir/prs.lua" <<'LUA'
local github = require("bosa").new():connect("github")
local prs = assert(github:list_pull_requests({ owner = "lua", repo = "lua" }))
for pr in prs:items({ max_items = 3 }) do print(pr.number, pr.title) end
LUA

# The shell says when a command has ended. It prints its prompt after that.
cat >"$dir/rc" <<RC
PS1='$ '
PROMPT_COMMAND='tmux -L bosa-recording-$$ wait-for -S ended'
RC

wait_for_prompt() {
  terminal wait-for ended
  until terminal capture-pane -t 0 -p | grep -q '^\$$'; do :; done
}

run() {
  terminal send-keys -t 0 -l "$1"
  terminal send-keys -t 0 Enter
  wait_for_prompt
}

(cd "$dir" && terminal new-session -d -x $columns -y $lines "exec bash --noprofile --rcfile '$dir/rc' -i")
wait_for_prompt
run 'bosa run github list_issues owner=lua repo=lua state=open limit=4'
run 'bosa run github list_issues onwer=lua repo=lua'
run 'bosa run github list_issues owner=lua repo=lua --all --fields number,state | wc -l'
run 'cat prs.lua'
run 'lua5.4 prs.lua'
terminal capture-pane -t 0 -e -p | tools/on-vm.sh lua5.4 @lua tools/recording.lua $columns >"$file"
