"""Signatures read from the source are those of the functions themselves."""
import inspect
import typing

import pytest

import keras_weakseg as kw
from keras_weakseg import data
from keras_weakseg.cli import signatures
from keras_weakseg.cli import sources

PLAIN = ("str", "int", "float", "bool", "Target", "Path", "Crf", "Words", "Names", "Overrides",
         "Values", "OfRecipe", "Protocol", "OfTask", "Optimizer")


@pytest.mark.parametrize("name", signatures.names())
def test_every_call_is_read_as_python_reads_it(name):
  function, call = signatures.function(name), signatures.call(name)
  assert getattr(kw, name) is function or name == "benchmark"
  parameters = inspect.signature(function).parameters.values()
  assert [argument.name for argument in call.arguments] == [each.name for each in parameters]
  for argument, parameter in zip(call.arguments, parameters):
    assert argument.by_place == (parameter.kind is parameter.POSITIONAL_OR_KEYWORD)
    assert argument.further == (parameter.kind is parameter.VAR_KEYWORD)
    needed = parameter.default is parameter.empty and not argument.further
    assert (argument.default is signatures.REQUIRED) == needed
    if not needed and not argument.further:
      assert argument.default == parameter.default, "defaults are literals, so that help has them"
  assert call.text == call.text.strip() and inspect.getdoc(function).startswith(call.text)


@pytest.mark.parametrize("name", signatures.names())
def test_every_argument_has_a_type_that_can_be_written_and_a_text(name):
  for argument in signatures.call(name).arguments:
    assert argument.text, argument.name
    assert argument.type in {*PLAIN, *sources.TYPES}, argument.name
  typing.get_type_hints(signatures.function(name))  # The names are there.


def test_classes_and_methods_are_read_too():
  read = signatures.read("keras_weakseg.data.sources.folder", "Folder")
  parameters = inspect.signature(data.Folder.__init__).parameters
  assert [argument.name for argument in read.arguments] == list(parameters)[1:]
  held_out, = [argument for argument in read.arguments if argument.name == "held_out"]
  assert (held_out.type, held_out.default, held_out.many) == ("float", 0.1, False)
  assert "share of the images" in held_out.text
  protocol = signatures.read("keras_weakseg.tasks.segmentation.protocol", "Protocol")
  assert [(field.name, field.many) for field in protocol.arguments][:3] == [
      ("size", True), ("scales", True), ("flip", False)]
  assert "share of the image" not in signatures.read(
      "keras_weakseg.tasks.depth.task", "DepthTask", "predict").text
