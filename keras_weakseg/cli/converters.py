"""From what was written to the arguments of a call: one converter for every type."""
from keras_weakseg import errors
from keras_weakseg.cli import flags as flag_lib
from keras_weakseg.cli import sources

_NUMBERS = {"int": (int, "whole numbers"), "float": (float, "numbers")}
# What is one value may hold commas.
_WHOLE = ("Path", "Crf", "Overrides")


def arguments_of(call, given):
  """Returns the keyword arguments of a call.

  Args:
    call: `signatures.Call`.
    given: dict of the flags that were given to what was written: text, a list of texts, or a bool.

  Raises:
    ValueError, FileNotFoundError: something cannot be read, or is not there.
  """
  flags = {flag.name: flag for flag in flag_lib.flags_of(call.name)}
  values = {name: _value(flags[name], written) for name, written in given.items()}
  arguments = {}
  for argument in call.arguments:
    if argument.type in sources.TYPES:
      source = sources.source_of(argument, values, _kind(argument, values))
      arguments.update({} if source is None else {argument.name: source})
    elif flag_lib.has_fields(argument):
      fields = {field.name: values[field.name]
                for field in flag_lib.fields_of(argument, call.name) if field.name in values}
      arguments.update(fields if argument.further or not fields else {argument.name: fields})
    elif argument.name in values:
      arguments.update(values[argument.name] if argument.further else
                       {argument.name: values[argument.name]})
  return arguments


def _kind(argument, values):
  """Returns what a folder is read as: what the method learns from."""
  if argument.type != "Sources" or "method" not in values:
    return "Folder"
  from keras_weakseg.configs import own_data
  from keras_weakseg.methods import registry as methods
  methods.method_class(values["method"])  # Refuses one that there is not, before its data.
  return own_data.kind_of_source(values["method"])


def _value(flag, written):
  """Returns the value of a flag of what was written."""
  if flag.type in ("Values", "OfRecipe"):
    from keras_weakseg.configs import text
    return text.parse(written, f"--{flag.name}")
  if flag.type == "Names":
    names = _split(written)
    return names if len(names) > 1 else written
  if not flag.many:
    return _scalar(flag, written, written)
  items = written if flag.type in _WHOLE else [
      item for text in written for item in _split(text)]
  return [_scalar(flag, item, ",".join(written)) for item in items]


def _split(text):
  return [item.strip() for item in text.split(",") if item.strip()]


def _scalar(flag, item, written):
  if flag.type not in _NUMBERS:
    return item
  kind, name = _NUMBERS[flag.type]
  try:
    return kind(item)
  except ValueError:
    example = ",".join(map(str, flag.default or ())) if flag.many else flag.default
    raise errors.value_error(
        f"--{flag.name} cannot be read.",
        expected=f"{name} between commas" if flag.many else f"one of the {name}",
        received=repr(written), fix=f"Write --{flag.name}={example or 1}.") from None
