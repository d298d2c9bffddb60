"""Networks that steps which train have left, and those that makers leave for further training."""
import os

from keras_weakseg import errors
from keras_weakseg.derived import results
from keras_weakseg.files import writing
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import cost
from keras_weakseg.networks.weights import weights


def network_of(context, step):
  """Returns the main network of a finished step, its name, and what is known of it.

  Args:
    context: `base.MakeContext`.
    step: name of an earlier step that trains.

  Returns:
    `keras.Model`, preprocessed images in; str; dict with `record`, `head`, `architecture`.

  Raises:
    ValueError: the step does not train.
  """
  known = context.reads[step].networks()
  try:
    model = context.models(step)
  except KeyError:
    raise errors.value_error(
        f"The step '{step}' does not train.", expected="a step that trains, in `reads`",
        received=step, fix="Train the network on in a step of its own, and read that.") from None
  found = [value for value in vars(model).values() if isinstance(value, keras.Model)]
  name = next(iter(known))
  return preprocessing.network_of(found[0]), name, known[name]


def leave(directory, name, network, known):
  """Writes a network as a step leaves it: `network.continues` of a later step may name it.

  Args:
    directory: of the step.
    name: of the network, such as `segmenter`.
    network: `keras.Model`.
    known: dict with `record` and `head`, as that of the network it was made from.
  """
  weights.write_npz(weights.arrays_of(network), os.path.join(directory, f"{name}.npz"))
  writing.write_json(os.path.join(directory, results.NETWORKS), {
      name: {**known, "architecture": network.to_json()}})


def costs(before, after, size):
  """Returns what two networks cost, as plain JSON values, and a line that tells of it.

  Args:
    before, after: `keras.Model`.
    size: (height, width) of the image that operations are counted for.

  Returns:
    Dict with `parameters` and `flops`, each a pair, and `size`; str.
  """
  one, other = cost.cost(before, tuple(size)), cost.cost(after, tuple(size))
  values = {"parameters": [one.parameters, other.parameters], "flops": [one.flops, other.flops],
            "size": list(size)}
  share = lambda pair: f"{100 * pair[1] / max(pair[0], 1):.1f} %"
  return values, (
      f"parameters {one.parameters:,} -> {other.parameters:,} ({share(values['parameters'])}), "
      f"operations of {size[0]}x{size[1]} pixels {one.flops:,} -> {other.flops:,} "
      f"({share(values['flops'])})")
