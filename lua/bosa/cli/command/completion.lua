--- bosa completion: the script that makes a shell complete the command's words.

local context = require("bosa.cli.context")
local shells = require("bosa.cli.completion_scripts")

local completion = { summary = "Print the completion script of a shell" }

completion.examples = {
  "# for bash, in ~/.bashrc", "source <(bosa completion bash)",
  "# for fish", "bosa completion fish >~/.config/fish/completions/bosa.fish",
}

function completion.configure(parser)
  parser:description("Prints a script for your shell. It completes commands and options, and from the cache "
    .. "connectors, actions and parameters. It asks no server.")
  parser:argument("shell", "bash, zsh or fish.")
end

function completion.run(cx, options)
  local script = shells[options.shell]
  if not script then
    local message = ("no completion for '%s': bash, zsh or fish expected"):format(options.shell)
    return cx:fail(context.error("params", message))
  end
  cx:write(script)
end

function completion.complete(words)
  if #words == 1 then return { { "bash" }, { "fish" }, { "zsh" } } end
  return {}
end

return completion
