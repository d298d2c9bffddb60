"""The reference of all options, made from the signatures and docstrings that define them."""
import dataclasses
import inspect

from official.modeling import hyperparams

from keras_weakseg import options as option_lib
from keras_weakseg.configs.sections import base
from keras_weakseg.configs.sections import schema
from keras_weakseg.derived import registry as derived
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import registry as networks

_TITLE = """# All options

Made by `keras-weakseg options > official_configs/OPTIONS.md`. Each option is written once, in the
signature or the dataclass of what uses it; YAML files and `--params_override` name it by its key.
"""


def text() -> str:
  """Returns the page of all options as Markdown."""
  parts = [_TITLE, "## Sections of an experiment\n"]
  for key, section in _plain_sections():
    parts.append(_table(f"`{key}`", section.__doc__, _of_dataclass(section)))
  for title, key, homes in (
      ("Methods", "method", {name: (cls, ()) for name, cls in methods.METHODS.items()}),
      ("Networks", "network", {name: (networks.option_home(name)[0], networks.option_home(name)[2])
                               for name in networks.network_names()}),
      ("What steps make", "steps.NAME.make",
       {name: (cls, ()) for name, cls in derived.MAKERS.items()})):
    parts.append(f"## {title}\n")
    for name, (home, hidden) in sorted(homes.items()):
      found = option_lib.options_of(home, hidden)
      parts.append(_table(f"`{key}.{name}`", option_lib.documentation(home),
                          [_row(option) for option in found.values()]))
  return "\n".join(parts)


def _plain_sections():
  """Returns pairs of key and dataclass, those of an experiment and what is in them."""
  named = [("(the experiment)", schema.Experiment), ("data", schema.Data),
           ("data.sources.NAME", schema.Source), ("data.sources.NAME.video", schema.Video),
           ("data.parts.0", schema.Part), ("data.augmentation", schema.Augmentation),
           ("training", schema.Training), ("training.multipliers.0", schema.Multiplier),
           ("training.updaters.NAME", schema.Updates), ("evaluation", schema.Evaluation),
           ("evaluation.protocol", schema.Protocol), ("evaluation.depth", schema.DepthProtocol),
           ("runtime", schema.Runtime), ("steps.NAME", schema.Step)]
  return [*named, ("network, networks.NAME", schema.Network)]


def _of_dataclass(section):
  """Returns rows (name, default, checks, text) of the fields of a section."""
  said = option_lib.described(inspect.getdoc(section) or "")
  if issubclass(section, base.Choice):
    fields = section.own
  else:
    default = section()
    fields = {field.name: getattr(default, field.name) for field in dataclasses.fields(section)}
  return [(name, "" if isinstance(value, hyperparams.Config) else _shown(value), "",
           said.get(name, "a section" if isinstance(value, hyperparams.Config) else ""))
          for name, value in fields.items()]


def _row(option):
  return (option.name, _shown(option.default), "; ".join(map(str, option.checks)), option.text)


def _shown(value):
  if isinstance(value, (list, tuple)):
    return "[" + ", ".join(map(_shown, value)) + "]"
  return "''" if value == "" else str(value)


def _table(title, docstring, rows):
  """Returns a heading, the first sentence of a docstring, and a table of options."""
  lines = [f"### {title}\n", inspect.cleandoc(docstring).split("\n", maxsplit=1)[0] + "\n"]
  if not rows:
    return "\n".join([*lines, "No options.\n"])
  lines += ["| option | default | may be | meaning |", "|---|---|---|---|"]
  for cells in rows:
    name, *others = (cell.replace("|", "\\|") for cell in cells)
    lines.append(f"| `{name}` | " + " | ".join(others) + " |")
  return "\n".join(lines) + "\n"
