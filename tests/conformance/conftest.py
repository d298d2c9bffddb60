"""Gives every suite the rows of the table: ask for `op`, `network`, `method` or for `goldens`."""
import collections
import importlib.util
import pathlib
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras


def load_goldens():
  """Returns the module `goldens`, loaded once; tests are no package that it could lie in."""
  name = "keras_weakseg_conformance_goldens"
  if name not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        name, pathlib.Path(__file__).with_name("goldens.py"))
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
  return sys.modules[name]


def rows(table, kind=None):
  """Returns the rows as parameters with readable, distinct names.

  Args:
    table: rows.
    kind: function of a row; of several of a kind only the first one is not slow. None = all are
      different.
  """
  found, seen, kinds = [], {}, set()
  for row in table:
    seen[row.name] = seen.get(row.name, 0) + 1
    label = row.name if seen[row.name] == 1 else f"{row.name}-{seen[row.name]}"
    marks = [pytest.mark.slow] if getattr(row, "slow", False) or (
        kind and kind(row) in kinds) else []
    if kind and not marks:
      kinds.add(kind(row))
    found.append(pytest.param(row, id=label, marks=marks))
  return found


def pytest_generate_tests(metafunc):
  goldens = load_goldens()
  for name, table in (("op", goldens.OPS), ("network", goldens.NETWORKS),
                      ("method", goldens.METHODS)):
    if name in metafunc.fixturenames:
      metafunc.parametrize(name, rows(table, getattr(metafunc.function, "kind", None)))


@pytest.fixture(scope="session")
def goldens():
  """Returns the module that holds the table."""
  return load_goldens()


@pytest.fixture(scope="session")
def built_before():
  """Returns what lies ready for the fixture `built_network`: per row of the table a list."""
  return collections.defaultdict(list)


@pytest.fixture
def built_network(network, built_before):
  """Returns a function that gives the (predictor, network) of the row, in float32.

  To build one takes longer than most that is asked of it, so they are handed on from test to test;
  suites that ask for this run in one process. Their weights are put back as they were built.
  With `keep=False` nobody else holds what is given: the test may let go of it.
  """
  given = []

  def take(keep=True):
    waiting = built_before[id(network)]
    if not waiting:  # Few random weights make small networks answer zero everywhere.
      keras.utils.set_random_seed(1)
    made = waiting.pop() if waiting else network.build()
    if keep and not network.slow:  # Those are asked for seldom, and large.
      given.append((made, made[0].get_weights()))
    return made

  yield take
  for made, weights in given:
    made[0].set_weights(weights)
    built_before[id(network)].append(made)


class EagerSteps:
  """Three steps of a method, not compiled, and what several suites ask of them.

  Attributes:
    model: the method after its steps; a forward pass may have moved its statistics since.
    pixels: images, float32 [2,H,W,3].
    first_answer: what its predictor said of them before the first step.
    logs: of each step.
    weights: a list of arrays before the first step and after each, in the order of `model.weights`.
    checkpoint: path of all state after two steps.
  """

  def __init__(self, method, goldens, folder, accumulation):
    self.model = method.build(dropout_rate=0.3, accumulation=accumulation)
    self.pixels = tf.constant(np.random.RandomState(goldens.SIDE).randint(
        0, 255, (2, goldens.SIDE, goldens.SIDE, 3)), tf.float32)
    self.first_answer = self.model.predictor(self.pixels).numpy()
    self.logs, self.weights = [], [self._values()]
    for index in range(3):
      if index == 2:
        self.checkpoint = tf.train.Checkpoint(method=self.model).write(str(folder / "two"))
      self.logs.append(self.model.train_step(goldens.as_tensors(method.batch(index))))
      self.weights.append(self._values())

  def _values(self):
    return [variable.numpy() for variable in self.model.weights]


@pytest.fixture(scope="session")
def eager_steps(goldens, tmp_path_factory):
  """Returns a function of a method that gives its `EagerSteps`, which are taken once."""
  made = {}

  def of(method, accumulation=1):
    key = method.label, accumulation
    if key not in made:
      made[key] = EagerSteps(method, goldens, tmp_path_factory.mktemp("steps"), accumulation)
    return made[key]

  return of


@pytest.fixture
def precision():
  """Returns a function that sets the precision policy; it is float32 again after the test."""
  yield keras.mixed_precision.set_global_policy
  keras.mixed_precision.set_global_policy("float32")
