"""Flags and arguments are the same: every call is a command, every argument a flag."""
import inspect

import pytest

import keras_weakseg as kw
from keras_weakseg import data
from keras_weakseg.cli import flags as flag_lib
from keras_weakseg.cli import signatures
from keras_weakseg.cli import sources
from keras_weakseg.tasks import options
from keras_weakseg.tasks import registry as tasks

# What has no flag, and why.
EXCEPTIONS = {("fit", "optimizer"): "an object of Keras; --params_override names one"}


def field_names(argument, name):
  return {field.name for field in flag_lib.fields_of(argument, name)}


@pytest.mark.parametrize("name", sorted(kw.CALLS))
def test_the_flags_are_the_arguments(name):
  flags = [flag.name for flag in flag_lib.flags_of(name)]
  assert len(set(flags)) == len(flags)
  rest = set(flags)
  for argument in signatures.call(name).arguments:
    if flag_lib.has_fields(argument):
      fields = field_names(argument, name)
      assert fields <= set(flags)
      rest -= fields - {other.name for other in signatures.call(name).arguments}
    if argument.type in ("Protocol", "OfTask"):
      continue  # Their fields stand for them.
    assert (argument.name in flags) == ((name, argument.name) not in EXCEPTIONS), argument.name
    rest -= {argument.name}
  assert not rest


def test_every_public_function_is_a_command():
  functions = {name for name in kw.__all__ if inspect.isfunction(getattr(kw, name))}
  assert functions | {"benchmark"} == set(kw.CALLS) == set(signatures.names())


def test_fields_are_those_of_the_protocols_and_tasks():
  every = tasks.all_tasks()
  assert set(flag_lib.TASKS) == set(every)
  for name, task in every.items():
    assert flag_lib.TASKS[name][:2] == (type(task).__name__, task.protocol_type.__name__)
  fields = lambda call, kind: next(field_names(argument, call) for argument in signatures.call(
      call).arguments if argument.type == kind)
  assert fields("evaluate", "Protocol") == {
      field for task in every.values() for field in task.protocol_type.__dataclass_fields__}
  for action in ("predict", "export"):
    assert fields(action, "OfTask") == {
        name for task in every.values() for name in options.names(task, action)}


@pytest.mark.parametrize("kind", sources.TYPES)
def test_own_data_is_described_by_keywords_of_its_sources(kind):
  known = {*inspect.signature(data.Folder).parameters, *inspect.signature(data.Video).parameters}
  own = {field.name.removeprefix("frame_") for field in sources.fields_of(kind)}
  assert own - {"noisy_tags", "params_override"} <= known


def test_what_is_true_is_switched_off():
  flags = {flag.name: flag for flag in flag_lib.flags_of("predict")}
  assert flags["overlays"].off and flags["overlays"].text.startswith("do not write the overlays")
  assert flags["progress"].text == "do not draw a progress bar."
  assert not flags["trace"].off and flags["trace"].text.startswith("segmentation: write ")
