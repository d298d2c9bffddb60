"""The table is complete: whatever is registered or public is in it, and nothing else."""
import importlib
import inspect
import pathlib
import pkgutil

import keras_weakseg.ops
from keras_weakseg import fields
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import registry as networks


def public_ops():
  """Returns `module.function` of every public function of `keras_weakseg.ops`."""
  names = set()
  for found in pkgutil.iter_modules(keras_weakseg.ops.__path__):
    module = importlib.import_module(f"keras_weakseg.ops.{found.name}")
    names |= {f"{found.name}.{name}" for name, value in vars(module).items()
              if inspect.isfunction(value) and value.__module__ == module.__name__
              and not name.startswith("_")}
  return names


def test_every_op_is_in_the_table(goldens):
  assert {row.name for row in goldens.OPS} == public_ops()


def test_every_network_is_in_the_table(goldens):
  assert {row.name for row in goldens.NETWORKS} == set(networks.network_names())


def test_every_method_is_in_the_table(goldens):
  assert {row.name for row in goldens.METHODS} == set(methods.METHODS)


def test_every_exception_has_a_reason(goldens):
  for row in goldens.OPS + goldens.METHODS:
    assert all(len(text.split()) > 2 for text in (row.no_xla, getattr(row, "host", ""))
               if text), row.name


def test_all_kinds_of_supervision_meet_in_a_batch(goldens):
  """Else "labels that are not granted" would be an empty promise."""
  for method in goldens.METHODS:
    batch = method.batch(0)
    dirty = goldens.with_garbage(batch)
    labels = [name for name in batch if name in fields.GRANTED_BY]
    assert labels
    for name in labels:
      changed = (batch[name] != dirty[name]).reshape(len(batch[name]), -1).any(1)
      granted = [fields.may_read(name, flags) for flags in batch[fields.SUPERVISION]]
      assert any(granted) and changed.any() and not (changed & granted).any(), name
    assert all((batch[name] == dirty[name]).all() for name in set(batch) - set(labels))


def test_every_suite_asks_for_a_row():
  suites = sorted(pathlib.Path(__file__).parent.glob("test_*.py"))
  assert len(suites) > 7
  for suite in suites:
    text = suite.read_text(encoding="utf-8")
    assert any(f"({name}" in text or f", {name}" in text
               for name in ("op", "network", "method", "goldens")), suite.name
