"""The flags of a call: one for every argument, and one for every field of those with structure."""
import dataclasses
import functools

from keras_weakseg.cli import signatures
from keras_weakseg.cli import sources

# The class of every task, that of its protocol, and the function that predicts.
TASKS = {"segmentation": ("SegmentationTask", "Protocol", "predict"),
         "depth": ("DepthTask", "DepthProtocol", "predict_depth"),
         "tags": ("TagsTask", "TagProtocol", "predict_tags")}
# An object of Python; by name it is set with --params_override training.optimization....
_NO_FLAG = ("Optimizer",)
# What a task is given by `predict` and `export`, not by whoever calls them.
_GIVEN = ("model", "inputs", "output_dir", "base_dir", "protocol", "progress", "record", "metadata")


@functools.lru_cache(maxsize=None)
def flags_of(name):
  """Returns the flags of a public call, as a list of `signatures.Argument`.

  Example:
    >>> [flag.name for flag in flags_of("cluster_files")][:4]
    ['kind', 'output', 'run', 'hosts']
  """
  call = signatures.call(name)
  own = [argument.name for argument in call.arguments]
  flags = []
  for argument in call.arguments:
    if argument.type in sources.TYPES or not has_fields(argument):
      flags.append(argument)
    if has_fields(argument):
      flags += [field for field in fields_of(argument, name) if field.name not in own]
  return [dataclasses.replace(flag, text=_text(flag)) for flag in flags
          if flag.type not in _NO_FLAG]


def _text(flag):
  """Returns what help says of a flag: of the argument, as it is written here."""
  if flag.type in sources.TYPES:
    return f"{sources.WRITTEN[flag.type]}: {flag.text}"
  return "do not " + flag.text.removeprefix("whether to ") if flag.off else flag.text


def has_fields(argument):
  """Returns whether an argument is given by fields of its own."""
  return argument.type in ("Protocol", "OfTask", *sources.TYPES)


def fields_of(argument, name):
  """Returns the fields of an argument of a call, as `signatures.Argument`s.

  Args:
    argument: with structure.
    name: of the call.
  """
  if argument.type in sources.TYPES:
    return sources.fields_of(argument.type)
  found = {}
  for task, (_, protocol, _) in TASKS.items():
    for field in _options(task, name) if argument.further else signatures.read(
        f"keras_weakseg.tasks.{task}.protocol", protocol).arguments:
      found.setdefault(field.name, []).append((task, field))
  group = "of the task" if argument.further else "protocol"
  return [dataclasses.replace(
      entries[0][1], group=group, by_place=False,  # One that only one task has says so.
      text=(f"{entries[0][0]}: " if len(entries) == 1 else "") + entries[0][1].text)
          for entries in found.values()]


def _options(task, action):
  """Returns the further keywords of a task's `predict` or `export`, as what does it tells them."""
  folder = f"keras_weakseg.tasks.{task}"
  homes = [(f"{folder}.predict", TASKS[task][2])] if action == "predict" else [
      ("keras_weakseg.tasks.depth.export", "export_depth_artifact"),
      ("keras_weakseg.serving.settings", "Settings")]
  known = {field.name: field for home in homes for field in signatures.read(*home).arguments}
  return [dataclasses.replace(known[option.name], default=option.default)
          for option in signatures.read(f"{folder}.task", TASKS[task][0], action).arguments
          if option.name not in _GIVEN]
