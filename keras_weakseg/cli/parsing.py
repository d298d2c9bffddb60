"""From the words of a command line to a call and the flags that were given."""
import argparse
import difflib

import keras_weakseg
from keras_weakseg.cli import flags as flag_lib
from keras_weakseg.cli import signatures

PROGRAM = "keras-weakseg"
_FLAGS = "[--FLAG VALUE ...]"
# Names that commands had before.
ALIASES = {"options": "reference"}
# Flags of every command.
COMMON = {"debug": "show the traceback of an error", "json": "print the answer as JSON"}
_PAIRS = ("Overrides", "Values", "OfRecipe")


def command_of(name):
  """Returns the command of a call.

  Example:
    >>> command_of("check_data")
    'check-data'
  """
  return name.replace("_", "-")


def parse(words):
  """Returns the name of the call, the flags that were given, and those of every command.

  Places are filled as Python fills them: in the order of the signature, but for what was given by
  its name; a list takes what the others leave.

  Args:
    words: list of str, without the program's name. `--model-dir` equals `--model_dir`.

  Returns:
    Tuple of str, dict of flag to what was written, and dict of `debug` and `json` to bool.

  Raises:
    SystemExit: help was asked for, or the words cannot be understood; it was printed.
  """
  words = [_underscored(word) for word in words]
  place = next((index for index, word in enumerate(words) if not word.startswith("-")), len(words))
  parser = _parser_of_all()
  before = parser.parse_args(words[:place])
  known = {command_of(name): name for name in signatures.names()}
  command = words[place] if place < len(words) else ""
  name = known.get(command, ALIASES.get(command))
  if name is None:
    parser.error(f"there is no command '{command}'; it is one of {', '.join(known)}" if command
                 else "a COMMAND is needed")
  parser = parser_of(name, command)
  given = vars(parser.parse_intermixed_args(words[place + 1:]))
  common = {key: given.pop(key, getattr(before, key)) for key in COMMON}
  _fill(parser, flag_lib.flags_of(name), given)
  return name, given, common


def written(flag):
  """Returns a flag as it is written."""
  return f"--no_{flag.name}" if flag.off else f"--{flag.name}"


def parser_of(name, command=""):
  """Returns the parser of one command."""
  flags, call = flag_lib.flags_of(name), signatures.call(name)
  command = command or command_of(name)
  parser = _Parser(
      prog=f"{PROGRAM} {command}", description=call.text, allow_abbrev=False,
      formatter_class=argparse.RawDescriptionHelpFormatter, argument_default=argparse.SUPPRESS,
      usage=" ".join([PROGRAM, command, *map(_shown_place, _by_place(flags)), _FLAGS]))
  parser.flags = [written(flag) for flag in flags]
  groups = {"": parser.add_argument_group("arguments, by place or by name" if _by_place(flags)
                                          else "arguments")}
  for flag in flags:
    if flag.group not in groups:
      groups[flag.group] = parser.add_argument_group(flag.group)
    _add(groups[flag.group], flag)
  _add_common(parser)
  parser.add_argument("places", nargs="*", default=[], help=argparse.SUPPRESS)
  return parser


class _Parser(argparse.ArgumentParser):
  """A parser that says of an unknown flag what to write instead.

  Attributes:
    flags: those of the command, as they are written.
  """

  flags = ()

  def error(self, message):
    unknown = [word.partition("=")[0] for word in message.split() if word.startswith("--")]
    if message.startswith("unrecognized") and unknown:
      near = difflib.get_close_matches(unknown[0], self.flags, n=1, cutoff=0.75)
      message += f"\nDid you mean {near[0]}?" if near else ""
      if "--params_override" in self.flags and not near:
        message += ("\nOptions of a training are no flags: --params_override training.steps=100; "
                    "`keras-weakseg reference` lists them.")
      message += f"\n`{self.prog} --help` lists the flags."
    super().error(message)


def _parser_of_all():
  """Returns the parser of what stands before the command; its help lists all commands."""
  rows = [(command_of(name), signatures.call(name).summary) for name in signatures.names()]
  width = max(len(command) for command, _ in rows)
  listing = "\n".join(f"  {command:{width}}  {summary}" for command, summary in rows)
  parser = argparse.ArgumentParser(
      prog=PROGRAM, usage=f"{PROGRAM} COMMAND {_FLAGS}", allow_abbrev=False,
      formatter_class=argparse.RawDescriptionHelpFormatter,
      description="Train a segmentation model from whatever labels you have.",
      epilog=f"commands:\n{listing}\n\n`{PROGRAM} COMMAND --help` lists its arguments.")
  parser.add_argument("--version", action="version",
                      version=f"{PROGRAM} {keras_weakseg.__version__}")
  parser.set_defaults(**dict.fromkeys(COMMON, False))
  _add_common(parser)
  return parser


def _add_common(parser):
  group = parser.add_argument_group("of every command")
  for flag, text in COMMON.items():
    group.add_argument(f"--{flag}", action="store_true", default=argparse.SUPPRESS, help=text)


def _add(group, flag):
  """Adds a flag to a group of a parser."""
  text, default = flag.text.replace("%", "%%"), flag.default
  if flag.type == "bool":
    group.add_argument(written(flag), dest=flag.name, action="store_const", const=not default,
                       help=text)
    return
  if default is not signatures.REQUIRED and shown(default) and "default:" not in text:
    text += f" Default: {shown(default)}."
  pairs = flag.type in _PAIRS
  name = {"int": "N", "float": "X", "Path": "PATH"}.get(flag.type, flag.name.upper())
  name += ",..." if flag.many and flag.type not in ("Path", "Crf") else ""
  group.add_argument(written(flag), metavar="KEY=VALUE,..." if pairs else name, help=text,
                     action="append" if pairs or flag.many else "store")


def shown(default):
  """Returns a default as it is written, empty if nothing is.

  Example:
    >>> shown((0.5, 1.0)), shown(None)
    ('0.5,1.0', '')
  """
  if default in (None, "", ()):
    return ""
  return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _by_place(flags):
  return [flag for flag in flags if flag.by_place]


def _shown_place(flag):
  shown = flag.name.upper() + (" ..." if flag.many and flag.type == "Path" else "")
  return shown if flag.default is signatures.REQUIRED else f"[{shown}]"


def _fill(parser, flags, given):
  """Puts what was given by place under its name, and refuses what is missing or too much."""
  places = given.pop("places", [])
  free = [flag for flag in _by_place(flags) if flag.name not in given]
  several = next((index for index, flag in enumerate(free) if flag.many and flag.type == "Path"),
                 None)
  if several is not None:
    behind = len(free) - several - 1
    end = max(len(places) - behind, several)
    places = [*places[:several], *([places[several:end]] if end > several else []), *places[end:]]
  if len(places) > len(free):
    parser.error("unrecognized arguments: " + " ".join(map(str, places[len(free):])))
  for flag, written in zip(free, places):
    listed = isinstance(written, str) and (flag.many or flag.type in _PAIRS)
    given[flag.name] = [written] if listed else written
  missing = [flag for flag in flags
             if flag.default is signatures.REQUIRED and flag.name not in given and not flag.group]
  if missing:
    parser.error("the following arguments are required: " + ", ".join(
        flag.name.upper() if flag.by_place else f"--{flag.name}" for flag in missing))


def _underscored(word):
  """Returns the flag `--model-dir=x` as `--model_dir=x`; values stay."""
  if not word.startswith("--") or " " in word.partition("=")[0]:
    return word
  flag, equals, value = word.partition("=")
  return "--" + flag[2:].replace("-", "_") + equals + value
