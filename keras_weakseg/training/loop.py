"""Runs the steps of a plan: make or train, continue where it stopped, mark as done."""
import contextlib
import hashlib
import json
import os
import pathlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.derived import results
from keras_weakseg.derived import run as run_maker
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.framework import keras
from keras_weakseg.networks.weights import weights
from keras_weakseg.recipes import outputs as output_lib
from keras_weakseg.recipes import plan as plans
from keras_weakseg.training import callbacks
from keras_weakseg.training import checkpoints as checkpoints_lib
from keras_weakseg.training import ending as ending_lib
from keras_weakseg.training import logs
from keras_weakseg.training import optimizers
from keras_weakseg.training import restore
from keras_weakseg.training import splits
from keras_weakseg.training import strategies
from keras_weakseg.training import validation
from keras_weakseg.training import watch

_ALONE = "No step ends any more: another worker is gone or stands still."
_AGAIN = ("Look at the other workers, then start all of them again: the run continues at its last "
          "checkpoint.")


def run(plan, model_dir, *, strategy, seed, jit_compile=False, optimizer=None, progress=True,
        until="", from_run=None, load_run=None):
  """Runs every step of a plan that is not finished yet.

  Args:
    plan: `recipes.plan.Plan`.
    model_dir: directory of the run.
    strategy: `tf.distribute.Strategy`.
    seed: of initial weights; sample order and augmentation have theirs in the bundle.
    jit_compile: compile the training step with XLA.
    optimizer: a Keras optimizer instead of the configured one.
    progress: whether to draw progress bars.
    until: name of the last step that is run; empty = all.
    from_run: directory of another run, whose finished steps are taken as they are.
    load_run: function of the folder of a finished run to the model of its task, for steps that name
      one.

  Returns:
    Dict of step name to `Outputs`, and the `Method` of the last step; None if it was not run.
  """
  if jit_compile and strategy.num_replicas_in_sync > 1:
    raise errors.value_error(
        "XLA cannot compile a step that is spread over replicas.", expected="jit_compile=False",
        received=f"jit_compile=True with {strategy.num_replicas_in_sync} replicas",
        fix="Set runtime.jit_compile to false, or train on one device.")
  runner = _Runner(plan, model_dir, strategy, seed, jit_compile, optimizer, progress, from_run,
                   load_run)
  method = None
  for step in plan.steps:
    if isinstance(step, plans.MakeStep):
      runner.make(step)
    else:
      method = runner.train(step, last=step is plan.last)
    if step.name == until:
      break
  return runner.finished, method if step is plan.last else None


@contextlib.contextmanager
def precision(policy):
  """Sets the policy of mixed precision for the networks that are built within."""
  before = keras.mixed_precision.global_policy()
  keras.mixed_precision.set_global_policy(policy)
  try:
    yield
  finally:
    keras.mixed_precision.set_global_policy(before)


class _Runner:
  """Runs steps in their order and knows which are finished."""

  def __init__(self, plan, model_dir, strategy, seed, jit_compile, optimizer, progress, from_run,
               load_run):
    self.plan, self.model_dir, self.from_run = plan, model_dir, from_run
    self.load_run = load_run
    self.strategy, self.seed = strategy, seed
    self.jit_compile, self.optimizer = jit_compile, optimizer
    self.chief = strategies.is_chief(strategy)
    self.progress = progress and self.chief
    self.finished, self.settings = {}, {}

  def make(self, step):
    """Makes derived data, unless it is there."""
    maker = step.maker({name: self.finished[name] for name in step.reads}, self._model)
    identity = self._identity(step, maker.identity())
    if self._taken(step.name, identity, maker.complete):
      return
    directory = self._directory(step.name)
    if self.chief:
      _claim(directory, step.name, identity)
    made = {}
    if self.chief or not maker.shared:
      made = maker.make(pathlib.Path(directory), self.progress)
    self._mark(step.name, {**made, "identity": identity, "kind": step.identity["make"].get(
        "type", "box_labels")})

  def train(self, step, last):
    """Trains a step, or continues it; returns its `Method`, None where nobody needs it."""
    self.settings[step.name] = step.settings
    phase = step.phase
    if phase is None:
      phase = step.bind(self.finished)
      for warning in splits.check_late(self.plan, step, phase):
        if self.progress:
          print(f"  warning: {warning}", flush=True)
    identity = self._identity(step, phase.fingerprint)
    if not last and self._taken(step.name, identity):
      return None
    directory = self._directory(step.name)
    with precision(step.settings.runtime.mixed_precision):
      keras.utils.set_random_seed(self.seed)
      with self.strategy.scope():
        method = phase.build(self.finished)
        method.prepare(optimizers.updater_maker(phase.training, phase.record, self.optimizer))
        method.start_average(phase.training.averaging)
      if self.chief:
        output_lib.write_networks(directory, method.context.networks, phase.head)
      self._train(step, phase, method, directory)
    if not self._done(directory, identity):
      # Redone until the marker, which is written last, says so: a process may be killed here.
      digest = hashlib.sha256()
      for name, network in method.networks.items():
        # Every worker reads: moving statistics are means over all.
        arrays = weights.arrays_of(network)
        for key, value in sorted(arrays.items()):
          digest.update(f"{name}/{key}".encode() + np.ascontiguousarray(value).tobytes())
        if self.chief:
          weights.write_npz(arrays, os.path.join(directory, f"{name}.npz"))
      content = digest.hexdigest()[:16]
    else:
      content = results.read(directory).get("content", "")
    self._mark(step.name, {"identity": identity, "steps": int(method.step.numpy()),
                           "content": content})
    return method

  def _train(self, step, phase, method, directory):
    with self.strategy.scope():
      checkpoints = checkpoints_lib.Checkpoints(
          directory, method, keep=phase.training.keep, signature=_signature(phase, method),
          chief=self.chief)
      start = checkpoints.restore()
    if start >= phase.training.steps:
      return
    log = logs.RunLog(directory, start) if self.chief else None
    ending = ending_lib.Ending(method, self.strategy, phase.training.statistics_batches)
    validate = validation.Validation(step) if step.validation else None
    between = callbacks.BetweenSteps(
        start, phase.training.steps, training=phase.training, checkpoints=checkpoints, log=log,
        sample_ids=phase.bundle.sample_ids, progress=self.progress, name=phase.name,
        validate=(lambda: validate(method)) if validate else None,
        # Batches that training would have seen next: the same wherever it was interrupted.
        finish=lambda: ending(lambda: strategies.distribute(
            self.strategy, phase.bundle, phase.training.steps)),
        **({"evaluated": method.average.in_place} if method.average else {}))
    batches = strategies.distribute(self.strategy, phase.bundle, start)
    method.compile(jit_compile=self.jit_compile)
    logger = tf.get_logger()
    logger.addFilter(_wanted)
    timeout = step.settings.runtime.timeout if strategies.in_cluster(self.strategy) else 0
    try:
      with watch.watched(timeout, _ALONE, _AGAIN) as waiting:
        method.fit(batches, epochs=1, steps_per_epoch=phase.training.steps - start,
                   callbacks=[between, keras.callbacks.LambdaCallback(
                       on_train_batch_end=lambda *_: waiting.moved())], verbose=0)
    except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, tf.errors.DataLossError,
            tf.errors.UnknownError) as error:
      raise phase.bundle.explain(between.done, error) from error
    except tf.errors.UnavailableError as error:
      if not strategies.in_cluster(self.strategy):
        raise
      raise ConnectionError(errors.describe(
          _ALONE, expected="every worker of TF_CONFIG",
          received=str(error).partition("Error reported from ")[2].partition("[[")[0] or error,
          fix=_AGAIN)) from error
    finally:
      logger.removeFilter(_wanted)
      between.close()

  def _directory(self, name):
    return os.path.join(self.model_dir, name)

  def _identity(self, step, data):
    """Returns 16 hex digits of all that decides what a step leaves, earlier steps included."""
    record = {"step": dict(step.identity), "data": data,
              "reads": {name: self.finished[name].identity for name in step.reads}}
    if "make" in step.identity:
      # Weights differ between devices, and are trained again: what was made says of which it is.
      # Runs of before said nothing.
      contents = {name: self.finished[name].marker.get("content", "") for name in step.reads}
      record.update({"contents": contents} if any(contents.values()) else {})
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]

  def _done(self, directory, identity):
    values = results.read(directory)
    return values is not None and values.get("identity") == identity

  def _taken(self, name, identity, complete=lambda directory: True):
    """Returns whether a step is finished, here or in the run that was named."""
    places = [self._directory(name)] + (
        [os.path.join(self.from_run, name)] if self.from_run else [])
    for place in places:
      if self._done(place, identity) and complete(place):
        self.finished[name] = output_lib.Outputs(name, place)
        return True
    return False

  def _mark(self, name, values):
    if self.chief:
      results.write(self._directory(name), values)
    strategies.wait(self.strategy)
    self.finished[name] = output_lib.Outputs(name, self._directory(name))

  def _model(self, name):
    """Returns the model of the task of a finished step, or of the run that it names."""
    folder = self.finished[name].marker.get(run_maker.RUN)
    if folder:
      return self.load_run(folder)
    settings = self.settings[name]
    with precision(settings.runtime.mixed_precision):
      return restore.load_step(self.finished[name].directory, settings)


def _claim(directory, name, identity):
  """Refuses a folder of derived data that is made from something else."""
  path = os.path.join(directory, "identity.json")
  os.makedirs(directory, exist_ok=True)
  if not os.path.exists(path):
    restore.write_json(path, identity)
    return
  known = json_files.read_json(path, "identity of a step", schema.text)
  if known != identity:
    raise errors.value_error(
        f"The step '{name}' has begun with other data or other steps before it.",
        expected=f"what the folder '{directory}' was made from ({known})", received=identity,
        fix="Choose another model_dir, or delete that folder.")


def _wanted(record):
  """Leaves out two warnings about what is so by design.

  A step with a checkpoint takes longer than one without, and every run of several seeds traces a
  step of its own.
  """
  text = record.getMessage()
  return not ("is slow compared to the batch time" in text
              or ("make_train_function" in text and "retracing" in text))


def _signature(phase, method):
  """What must be equal for a run to continue: the model, the data and the schedule."""
  return {
      "method": type(method).__name__,
      "weights": sum(int(tf.size(v)) for v in method.weights),
      "data": phase.fingerprint,
      "steps": phase.training.steps,
      "accumulation": phase.training.accumulation,
  }
