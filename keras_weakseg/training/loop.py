"""Runs the phases of a recipe: build, continue where it stopped, train, mark as done."""
import os

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.files import writing
from keras_weakseg.framework import keras
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import weights
from keras_weakseg.training import callbacks
from keras_weakseg.training import checkpoints as checkpoints_lib
from keras_weakseg.training import logs
from keras_weakseg.training import optimizers
from keras_weakseg.training import strategies

DONE = "done.json"


def run(plan, model_dir, *, strategy, seed, jit_compile=False, optimizer=None, validate=None,
        progress=True):
  """Trains every phase of a plan.

  Args:
    plan: `recipes.phase.Plan`.
    model_dir: directory of the run.
    strategy: `tf.distribute.Strategy`.
    seed: of initial weights; sample order and augmentation have theirs in the bundle.
    jit_compile: compile the step with XLA.
    optimizer: a Keras optimizer instead of the configured one.
    validate: `validation.Validation` or the like, or None.
    progress: whether to draw progress bars.

  Returns:
    Dict of phase name to trained `Method`.
  """
  if jit_compile and strategy.num_replicas_in_sync > 1:
    raise errors.value_error(
        "XLA cannot compile a step that is spread over replicas.", expected="jit_compile=False",
        received=f"jit_compile=True with {strategy.num_replicas_in_sync} replicas",
        fix="Set runtime.jit_compile to false, or train on one device.")
  methods = {}
  for phase in plan.phases:
    keras.utils.set_random_seed(seed)
    with strategy.scope():
      method = phase.build(methods)
      method.prepare(optimizers.updater_maker(phase.training, phase.record, optimizer))
    _train(phase, method, os.path.join(model_dir, phase.name), strategy, jit_compile,
           validate, progress)
    methods[phase.name] = method
  return methods


def _train(phase, method, directory, strategy, jit_compile, validate, progress):
  chief = strategies.is_chief(strategy)
  with strategy.scope():
    checkpoints = checkpoints_lib.Checkpoints(
        directory, method, keep=phase.training.keep, signature=_signature(phase, method),
        chief=chief)
    start = checkpoints.restore()
  if start >= phase.training.steps:
    return
  if phase.prepare:
    phase.prepare(progress and chief)
  log = logs.RunLog(directory, start) if chief else None
  between = callbacks.BetweenSteps(
      start, phase.training.steps, training=phase.training, checkpoints=checkpoints, log=log,
      sample_ids=phase.bundle.sample_ids, progress=progress and chief, name=phase.name,
      validate=(lambda: validate(method)) if validate and phase.validation else None)
  batches = strategies.distribute(strategy, phase.bundle, start)
  method.compile(jit_compile=jit_compile)
  logger = tf.get_logger()
  logger.addFilter(_wanted)
  try:
    method.fit(batches, epochs=1, steps_per_epoch=phase.training.steps - start,
               callbacks=[between], verbose=0)
  except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, tf.errors.DataLossError,
          tf.errors.UnknownError) as error:
    raise phase.bundle.explain(between.done, error) from error
  finally:
    logger.removeFilter(_wanted)
    between.close()
  if chief:
    if phase.record.role != networks.SEGMENTATION:
      # For `network.pretrained` of later experiments: encoder and decoder go along.
      for name, network in method.networks.items():
        weights.save_npz(network, os.path.join(directory, f"{name}.npz"))
    writing.write_json(os.path.join(directory, DONE), {"steps": between.done}, indent=None)


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

