"""A smaller network out of any run that segments: a run folder like that of `fit`."""
import contextlib
import numbers
import os
import re
import shutil
import tempfile

import tensorflow as tf

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg import runs
from keras_weakseg import targets
from keras_weakseg.configs import conversion
from keras_weakseg.derived import pruned
from keras_weakseg.derived import trained
from keras_weakseg.files import writing
from keras_weakseg.methods import context as contexts
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import schedules
from keras_weakseg.networks.weights import weights
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import outputs
from keras_weakseg.training import loop
from keras_weakseg.training import restore

COST = "cost.json"
_KEPT = (restore.EXPERIMENT, "versions.json")


def prune(target: arguments.Target, output: arguments.Path, *, to: float = 0.5,
          schedule: str = "all", layers: str = "", norm: int = 2, multiple_of: int = 8,
          size: arguments.Ints = (321, 321), progress: bool = True):
  """Writes a run whose network has fewer channels: the least important ones are taken out.

  The folder is one of a run: `evaluate`, `predict` and `export` take it, and training starts from
  it where `network.pretrained` names it. After more than a tenth or two of the channels, train on
  before you judge it: several small steps with training between them lose less than a large one.

  Args:
    target: a `Result` or a `model_dir` of a network that segments.
    output: folder of the new run; it must not exist or be empty.
    to: share of the channels that stay, 0 < to <= 1.
    schedule: `all`, or `parallel`: what the parallel layers of the head read.
    layers: regular expression of layers; only channels that these write or read go.
    norm: of the weights by which channels count, 2 or 1.
    multiple_of: the share of every group of channels is rounded to the nearest multiple, which a
      processor is faster with; 1 = not. A group of fewer channels stays whole. Of several small
      steps, round in the last one alone.
    size: (height, width) of the image for which operations are counted.
    progress: whether to print what the network cost and costs.

  Returns:
    `Result` of the new run; its folder holds `cost.json`.

  Raises:
    ValueError: the target cannot be pruned, an option is out of range, or the output holds files;
      nothing was written.

  Example:
    ```python
    small = kw.prune("runs/parts", "runs/parts_small", to=0.8)
    kw.fit("parts_scenes", model_dir="runs/tuned",
           params_override="network.pretrained=runs/parts_small,training.steps=200")
    ```
  """
  result, output = targets.opened(target), os.path.abspath(paths.expand(output))
  _check(result, output, to)
  options = conversion.options(pruned.Pruned, "prune", schedule=schedule, layers=layers, norm=norm,
                               multiple_of=multiple_of, size=size)
  size = options.pop("size")
  record = restore.read_record(result.model_dir)
  with loop.precision(result.experiment.runtime.mixed_precision):
    network = preprocessing.network_of(result.predictor)
    small = schedules.prune(network, float(to), **options)
    values, line = trained.costs(network, small, size)
    with _whole(output) as folder:
      _write(folder, result, record, small, {**values, "to": to, "schedule": schedule})
  if progress:
    print(line, flush=True)
  return runs.load(output)


def _check(result, output, to):
  """Raises unless there is a run that can be pruned, and room for another."""
  if not isinstance(result, runs.Result):
    raise errors.value_error(
        "An exported artifact cannot be pruned.", expected="a Result or a model_dir",
        received="an artifact", fix="Pass the model_dir that was given to fit.")
  if os.path.exists(output) and (not os.path.isdir(output) or os.listdir(output)):
    raise errors.value_error(
        f"The folder '{output}' is not empty.", expected="a folder that does not exist yet",
        received=", ".join(sorted(os.listdir(output))[:5]) if os.path.isdir(output) else "a file",
        fix="Choose another output.")
  if isinstance(to, bool) or not isinstance(to, numbers.Real) or not 0 < to <= 1:
    raise errors.value_error(
        "This is no share of the channels.", expected="0 < to <= 1", received=to,
        fix="Pass to=0.5 to halve them.")


@contextlib.contextmanager
def _whole(output):
  """Gives a temporary folder that becomes `output` when the block ends without an error."""
  place, prefix = os.path.dirname(output), f".{os.path.basename(output)}-"
  temporary = None
  try:
    os.makedirs(place, exist_ok=True)
    writing.remove_abandoned(place, re.compile(re.escape(prefix) + r"\w{8}"))
    temporary = tempfile.mkdtemp(prefix=prefix, dir=place)
    yield temporary
    os.chmod(temporary, 0o755)  # mkdtemp makes folders that only their owner may read
    if os.path.isdir(output):
      os.rmdir(output)
    os.replace(temporary, output)
  except (OSError, tf.errors.OpError) as error:
    raise writing.unwritable(output, error) from error
  finally:
    if temporary is not None:
      shutil.rmtree(temporary, ignore_errors=True)


def _write(folder, result, record, small, values):
  """Writes what is left of a run: how it is used, the network, a checkpoint without training."""
  step = os.path.join(folder, record["phase"])
  os.makedirs(step, exist_ok=True)
  head = heads.Head.from_dict(record["head"])
  architecture = small.to_json()
  network, scorer, predictor, about = building.build_predictor(
      result.experiment.network, head, architecture)
  weights.carry_over(small, network, same_classes=True)
  name = contexts.MAIN[about.role]
  outputs.write_networks(
      step, {name: contexts.Built(network, about, scorer, predictor, architecture=architecture)},
      head)
  weights.save_npz(network, os.path.join(step, f"{name}.npz"))
  checkpoint = tf.train.Checkpoint(method=tf.train.Checkpoint(predictor=predictor))
  for kind in {"last", result.experiment.evaluation.checkpoint}:
    tf.train.CheckpointManager(checkpoint, os.path.join(step, "checkpoints", kind), 1).save(0)
  for file in _KEPT:
    source = os.path.join(result.model_dir, file)
    if os.path.exists(source):
      shutil.copyfile(source, os.path.join(folder, file))
  restore.write_json(os.path.join(folder, COST), values)
  restore.write_record(folder, {**record, "pruned": values})
