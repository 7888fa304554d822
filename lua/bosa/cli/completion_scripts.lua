--- The completion scripts of the shells. They hold no knowledge of their own: `bosa __complete` is asked.

local shells = {}

shells.bash = [=[
# Completion of bosa for bash. Put `source <(bosa completion bash)` into ~/.bashrc.
_bosa() {
  local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} name= words whole before entry
  read -r -a words <<<"$line"
  case $line in *[[:space:]]) words+=("") ;; esac
  whole=${words[${#words[@]} - 1]}
  # bash splits a word at = : and @, and replaces what comes after the last of them, or from the @ on
  case $current in = | : | := | @) current= ;; esac
  before=${whole%"$current"} before=${before%@}
  COMPREPLY=()
  while IFS=$'\t' read -r entry _; do
    if [ "$entry" = : ]; then
      case $whole in *@*) name=${whole%%@*}@ ;; *) compopt -o filenames 2>/dev/null ;; esac
      while IFS= read -r entry; do
        if [ -n "$name" ]; then
          if [ -d "$entry" ]; then entry=$entry/ && compopt -o nospace 2>/dev/null; fi
          printf -v entry '%s%q' "$name" "$entry"
        fi
        COMPREPLY+=("${entry#"$before"}")
      done < <(compgen -f -- "${whole#"$name"}")
      return
    fi
    case $entry in *[=@]) compopt -o nospace 2>/dev/null ;; esac
    entry=${entry#"$before"}
    # names and values are a server's: quoted, bash takes nothing in them for a command
    case $entry in *[!A-Za-z0-9_.,:=@%/+-]*) printf -v entry %q "$entry" ;; esac
    COMPREPLY+=("$entry")
  done < <(bosa __complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _bosa bosa
]=]

shells.zsh = [=[
#compdef bosa
# Completion of bosa for zsh. Put it into a directory of $fpath as _bosa, or `source <(bosa completion zsh)`.
_bosa() {
  local entry text
  local -a whole open shown_whole shown_open
  while IFS=$'\t' read -r entry text; do
    if [[ $entry == : ]]; then
      compset -P '*@'
      _files
      return
    fi
    if [[ $entry == *[=@] ]]; then
      open+=("$entry")
      shown_open+=("$entry${text:+  -- $text}")
    else
      whole+=("$entry")
      shown_whole+=("$entry${text:+  -- $text}")
    fi
  done < <(bosa __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
  compadd -l -d shown_whole -a whole
  compadd -l -S '' -d shown_open -a open
}
if [[ $funcstack[1] == _bosa ]]; then _bosa "$@"; else compdef _bosa bosa; fi
]=]

shells.fish = [=[
# Completion of bosa for fish. Put it into ~/.config/fish/completions/bosa.fish.
function __bosa_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (bosa __complete -- $words[2..-1] 2>/dev/null)
    if test "$found[1]" = :
        set -l current (commandline -ct)
        set -l before ''
        if string match -q '*@*' -- $current
            set before (string replace -r '@.*' '@' -- $current)
        end
        for path in (__fish_complete_path (string replace -r '^[^@]*@' '' -- $current))
            echo $before$path
        end
        return
    end
    string join \n -- $found
end
complete -c bosa -f -a '(__bosa_complete)'
]=]

return shells
