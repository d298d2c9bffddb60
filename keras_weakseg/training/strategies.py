"""Distribution strategies by name."""
import functools
import json
import os

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.training import watch

NAMES = ("auto", "one_device", "mirrored", "multi_worker_mirrored")


def make_strategy(name="auto", timeout=0.0):
  """Returns a `tf.distribute.Strategy`.

  Args:
    name: `one_device`; `mirrored`: all accelerators of this machine (or all logical CPU devices
      where there is none); `multi_worker_mirrored`: the cluster of `TF_CONFIG`; `auto`: the
      cluster if `TF_CONFIG` names several workers, else mirrored if there are several
      accelerators, else one device.
    timeout: seconds to wait for the other workers of a cluster; then this process is killed. 0 =
      for ever.

  Raises:
    ValueError: the name is unknown, or a cluster is asked for and `TF_CONFIG` names none.
  """
  errors.check_name("strategy", name, NAMES)
  workers = _workers()
  if name == "multi_worker_mirrored" or (name == "auto" and len(workers) > 1):
    if not workers:
      raise errors.value_error(
          "There is no cluster to train on.", expected="TF_CONFIG with cluster.worker addresses",
          received=repr(os.environ.get("TF_CONFIG", "")),
          fix="Set TF_CONFIG on every worker before Python starts, or choose another strategy.")
    with watch.watched(timeout, f"Not all of the {len(workers)} workers have come: "
                       f"{', '.join(workers)}.",
                       "See why the others did not start, then start all of them again."):
      return _multi_worker()  # Before anything touches a device, or TensorFlow refuses.
  accelerators = tf.config.list_logical_devices("GPU")
  if name == "mirrored" or (name == "auto" and len(accelerators) > 1):
    return _mirrored(tuple(
        device.name for device in accelerators or tf.config.list_logical_devices("CPU")))
  return tf.distribute.get_strategy()


def _workers():
  text = os.environ.get("TF_CONFIG") or "{}"
  try:
    return json.loads(text).get("cluster", {}).get("worker", [])
  except (ValueError, AttributeError, RecursionError) as error:
    raise errors.value_error(
        "The environment variable TF_CONFIG cannot be read.",
        expected='JSON such as {"cluster": {"worker": [...]}, "task": {...}}', received=text,
        fix="Correct it, or unset it to train on this machine alone.") from error


# One strategy per process: a second one numbers its collectives from the start again, and
# TensorFlow refuses a number that was used with another shape.
@functools.lru_cache(maxsize=None)
def _mirrored(devices):
  return tf.distribute.MirroredStrategy(list(devices))


@functools.lru_cache(maxsize=None)
def _multi_worker():
  return tf.distribute.MultiWorkerMirroredStrategy()


def is_chief(strategy):
  """Returns whether this process writes logs and checkpoints."""
  resolver = strategy.cluster_resolver
  return resolver is None or not resolver.task_type or (
      resolver.task_type == "chief" or (resolver.task_type == "worker" and resolver.task_id == 0))


def in_cluster(strategy):
  """Returns whether other processes train with this one."""
  resolver = strategy.cluster_resolver
  return (resolver is not None and bool(resolver.task_type)
          and strategy.num_replicas_in_sync > 1)


def wait(strategy):
  """Waits until every worker is here: what the chief has written before is there afterwards.

  Args:
    strategy: the strategy.
  """
  if in_cluster(strategy):
    everybody = tf.function(lambda: strategy.reduce(
        tf.distribute.ReduceOp.SUM, strategy.run(lambda: tf.ones([])), axis=None))
    everybody()


def distribute(strategy, bundle, start):
  """Returns the batches from step `start` on, each split over the replicas of the strategy.

  Every input pipeline loads only its own contiguous slice of each global batch, so that one
  device, several replicas and several workers see the same global batches.

  Args:
    strategy: the strategy.
    bundle: has `batch_size` and `batches(start, input_context)`.
    start: first step.

  Raises:
    ValueError: the global batch cannot be split evenly.
  """
  replicas = strategy.num_replicas_in_sync
  if bundle.batch_size % replicas:
    raise errors.value_error(
        "The global batch cannot be split evenly over the replicas.",
        expected=f"a multiple of {replicas}", received=bundle.batch_size,
        fix="Change the batch_size of data.parts so that their sum is a multiple of the replicas.")
  if replicas == 1:
    return bundle.batches(start)

  def batches(context):
    local = bundle.batches(start, input_context=context)
    return local.rebatch(bundle.batch_size // replicas)

  return strategy.distribute_datasets_from_function(batches)
