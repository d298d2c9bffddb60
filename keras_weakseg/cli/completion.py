"""Scripts with which a shell completes commands and flags, made from the same signatures."""
from keras_weakseg import errors
from keras_weakseg.cli import flags as flag_lib
from keras_weakseg.cli import parsing
from keras_weakseg.cli import signatures

# Values are files: what is no command and no flag is left to the shell.
_SCRIPTS = {"bash": """_keras_weakseg() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} commands="{commands}" flags=
  case ${{COMP_WORDS[1]}} in
{cases}
  esac
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W "$commands" -- "$word"))
  elif [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$word")); fi
}}
complete -o default -o bashdefault -F _keras_weakseg keras-weakseg
""", "zsh": """#compdef keras-weakseg
_keras_weakseg() {{
  local -a commands=({commands}) flags
  case $words[2] in
{cases}
  esac
  if (( CURRENT == 2 )); then _describe command commands
  elif [[ $PREFIX == -* ]]; then _describe flag flags; else _files; fi
}}
compdef _keras_weakseg keras-weakseg
"""}


def completion(shell: str = "bash") -> str:
  """Returns the script with which a shell completes commands and flags.

  For bash, `eval "$(keras-weakseg completion bash)"` in `~/.bashrc`; for zsh, the same with `zsh`
  in `~/.zshrc`, after `compinit`.

  Args:
    shell: `bash` or `zsh`.

  Raises:
    ValueError: it is another one.
  """
  errors.check_name("shell", shell, _SCRIPTS)
  commands = {name: (parsing.command_of(name), signatures.call(name).summary)
              for name in signatures.names()}
  form = '    {}) flags="{}" ;;' if shell == "bash" else "    {}) flags=({}) ;;"
  return _SCRIPTS[shell].format(commands=_words(shell, commands.values()), cases="\n".join(
      form.format(command, _words(shell, [
          *((parsing.written(flag), flag.text) for flag in flag_lib.flags_of(name)),
          *((f"--{flag}", text) for flag, text in parsing.COMMON.items()), ("--help", "")]))
      for name, (command, _) in commands.items()))


def _words(shell, pairs):
  """Returns what a shell may complete: words, for zsh with their texts."""
  plain = str.maketrans({"'": "’", "`": "", ":": "\\:"})
  return " ".join(word if shell == "bash" else f"'{word}:{text.translate(plain)}'"
                  for word, text in pairs)
