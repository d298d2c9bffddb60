"""The reference pages: of all options, and of all commands."""
from keras_weakseg import errors
from keras_weakseg.cli import flags as flag_lib
from keras_weakseg.cli import parsing
from keras_weakseg.cli import signatures

_TITLE = """# All commands

Made by `keras-weakseg reference commands > official_configs/COMMANDS.md`. Every command is a call
of Python, and every flag one of its arguments, or a field of one: `keras-weakseg tune-crf` is
`kw.tune_crf`. How to write them is told in [command_line](../docs/command_line.md).
"""
# Flags of many commands, listed once: their group, and a command that has all of them.
_SHARED = {"protocol": "predict", "of a folder of your own": "check_data",
           "of video of your own": "fit"}


def reference(of: str = "options") -> str:
  """Returns the reference of all options, or of all commands, as Markdown.

  Args:
    of: `options` or `commands`.

  Raises:
    ValueError: it is something else.
  """
  if of == "options":
    from keras_weakseg.configs import reference as options
    return options.text()
  if of != "commands":
    raise errors.unknown_name("reference", of, ("options", "commands"))
  parts = [_TITLE]
  for name in signatures.names():
    flags, call = flag_lib.flags_of(name), signatures.call(name)
    links = [f"[{group}](#flags-{group.replace(' ', '-')})" for group in dict.fromkeys(
        flag.group for flag in flags) if group in _SHARED]
    parts += [f"## `{parsing.command_of(name)}`\n\n{call.summary}\n",
              _table([flag for flag in flags if flag.group not in _SHARED])]
    parts += ["Besides, the flags " + " and ".join(links) + ".\n"] if links else []
  for group, name in _SHARED.items():
    parts += [f"## Flags {group}\n",
              _table([flag for flag in flag_lib.flags_of(name) if flag.group == group])]
  return "\n".join(parts)


def _table(flags):
  """Returns a table of flags."""
  lines = ["| argument | default | meaning |", "|---|---|---|"] if flags else ["No arguments."]
  for flag in flags:
    name = f"`{parsing.written(flag)}`" + (", by place" if flag.by_place else "")
    default = "needed" if flag.default is signatures.REQUIRED else parsing.shown(
        False if flag.off else flag.default)
    lines.append(f"| {name} | {default} | {flag.text} |".replace("  ", " "))
  return "\n".join(lines) + "\n"
