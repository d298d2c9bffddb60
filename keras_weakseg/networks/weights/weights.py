"""Loads pretrained weights into a network, and reports what was and was not found; saves them."""
import dataclasses
import os
import re

from keras_weakseg import errors
from keras_weakseg.files import npz_files
from keras_weakseg.files import writing
from keras_weakseg.networks import multitask_decoder, registry
from keras_weakseg.networks.weights import garden_checkpoints, hourglass_weights, imagenet
from keras_weakseg.networks.weights import resnet_weights

IMAGENET = "imagenet"
_NAMED = 8  # layers that a report tells by name
# What sees the image: MobileNetV1, ResNets.
FIRST_KERNELS = {"conv1/kernel", "conv1_conv/kernel"}


@dataclasses.dataclass(frozen=True)
class LoadReport:
  """What `load_pretrained` did.

  Attributes:
    loaded: names of the variables that were set.
    missing: names of trunk variables that the source does not have, and, where it has some of
      what is behind the trunk, of all others; they keep their values.
    unused: names in the source that were put into no variable.
  """
  loaded: tuple
  missing: tuple
  unused: tuple

  def __str__(self):
    layers = sorted({key.rsplit("/", 1)[0] for key in self.missing})
    # By name: a layer between trained ones that starts anew is what nobody expects.
    named = ", ".join(layers[:_NAMED] + ["..."] * (len(layers) > _NAMED))
    return (f"{len(self.loaded)} variables loaded, {len(self.missing)} missing in the source"
            f"{f' ({named})' if layers else ''}, {len(self.unused)} of the source unused")


def load_pretrained(network, name, source, *, encoder_only=False):
  """Sets the trunk of a network to pretrained weights; nothing changes when it raises.

  An `.npz` may also hold what is behind the trunk, as that of a trained depth network does
  (`save_npz`): where name and shape fit, it is taken over, as `carry_over` does, but never a
  classifier. The segmentation branch of a multi-task network then starts from the depth branch,
  unless it is in the file itself.

  Args:
    network: `keras.Model` that `registry.build_network(name, ...)` built.
    name: its name there.
    source: "imagenet" (weights of `keras.applications`, downloaded or from its cache), the path of
      an `.npz` file with arrays `<layer>__<weight>` (or a state dict of PyTorch: torchvision's for
      depth networks on a ResNet, the reference's for the hourglass), or the prefix of a TensorFlow
      checkpoint that the Model Garden wrote for the backbone (`deeplab_v3`; MobileNetV1 for the
      light networks; depth networks).
      Networks of several stacked images get its first kernel tiled, divided by their number.
    encoder_only: whether a file's decoder is left out.

  Returns:
    `LoadReport`.

  Raises:
    FileNotFoundError: the file is not there, or the weights cannot be downloaded.
    ValueError: nothing matches, or a shape differs.
  """
  record = registry.network_record(name)
  source = str(source)
  if source != IMAGENET and not source.endswith(".npz") and not os.path.exists(
      source + ".index"):
    raise errors.missing(
        "There are no pretrained weights at this place.",
        expected=f"'{IMAGENET}', an .npz file, or a checkpoint prefix with an .index file",
        received=source, fix="Check the path; a checkpoint is given without '.index'.")
  if source.endswith(".npz"):
    arrays = _under_our_names(network, record, read_npz(source), source)
    if encoder_only:
      arrays = {key: array for key, array in arrays.items()
                if not re.search(record.head_pattern, key)}
    return _assign(network, record, arrays, source)
  if _on_our_resnet(network, record):
    arrays = (resnet_weights.imagenet_arrays(network) if source == IMAGENET
              else resnet_weights.garden_arrays(network, source))
    return _assign(network, record, arrays, source)
  if source == IMAGENET:
    return _assign(network, record, imagenet.imagenet_arrays(network, name), source)
  if name == "deeplab_v3":
    loaded, unused = garden_checkpoints.restore_backbone(network.get_layer("backbone"), source)
    return LoadReport(loaded=tuple(loaded), missing=(), unused=tuple(unused))
  if imagenet.is_mobilenet(network):
    return _assign(network, record, garden_checkpoints.mobilenet_v1_arrays(
        source, _alpha(network)), source)
  raise errors.value_error(
      f"The network '{name}' cannot read Model Garden checkpoints.",
      expected=f"'{IMAGENET}' or an .npz file", received=source,
      fix="Use a network that stands on a Model Garden backbone, such as deeplab_v3.")


def _under_our_names(network, record, arrays, source):
  """Returns the arrays of a file as `<layer>/<weight>`, also where PyTorch has named them."""
  if resnet_weights.is_torchvision(arrays):
    if _on_our_resnet(network, record):
      resnet_weights.check_torchvision(network, source)
    return resnet_weights.torchvision_arrays(arrays)
  if record.name == "hourglass" and hourglass_weights.is_state_dict(arrays):
    return hourglass_weights.state_dict_arrays(network, arrays, source)
  return arrays


def _on_our_resnet(network, record):
  """Returns whether the encoder is one of `resnet`; DeepLab-v2 has layers of the same names."""
  unet = record.role != registry.SEGMENTATION or record.stride == 1
  return unet and resnet_weights.describe(network)[0] is not None


def carry_over(trained, network, *, same_classes=False, leave=""):
  """Sets a network to the weights of a trained one; nothing changes when it raises.

  Weights of the same name and shape are copied. A classifier of other classes stays as it is: the
  `fc8` that Cross-Pretrain replaces (Papandreou et al. 2015, section 4.4). A first kernel of more
  channels is tiled or widened, see `fitted`; any other shape is a mistake.

  Args:
    trained: `keras.Model` to copy from, or its arrays by name, as `read_npz` gives them.
    network: `keras.Model` to copy to; may have layers that `trained` lacks (such as branches).
    same_classes: whether the classifier's classes are the same, so that it is copied too.
    leave: regular expression of names that keep their values too; empty = none.

  Returns:
    `LoadReport`; `missing` holds what keeps its initial values.

  Raises:
    ValueError: nothing but a classifier has the same name and shape, or a layer of the same name
      has another shape.
  """
  arrays = trained if isinstance(trained, dict) else {
      _key(variable): variable for variable in trained.weights}
  loaded, missing = [], []
  for variable in network.weights:
    key = _key(variable)
    classifier = re.search(registry.CLASSIFIER_PATTERN, key) is not None
    kept = (classifier and not same_classes) or (leave and re.search(leave, key))
    value = None if kept or key not in arrays else fitted(key, arrays[key], variable.shape)
    if value is None and key in arrays and not kept:
      raise errors.value_error(
          f"The trained network does not fit the new one at '{key}'.",
          expected=f"shape {tuple(variable.shape)}", received=f"shape {tuple(arrays[key].shape)}",
          fix="Build both with the same options, set `network.starts` to 'encoder' for a new head, "
          "or start from `pretrained` instead.")
    (missing if value is None else loaded).append((key, variable))
  if not any(re.search(registry.CLASSIFIER_PATTERN, key) is None for key, _ in loaded):
    raise errors.value_error(
        "The trained network has nothing for the new one.",
        expected="layers of the same names and shapes, such as "
        + ", ".join(sorted(key for key, _ in missing)[:3]),
        received=", ".join(sorted(arrays)[:3]) or "no weights",
        fix="Train both with the same kind of network.")
  for key, variable in loaded:
    variable.assign(fitted(key, arrays[key], variable.shape))
  keys = [key for key, _ in loaded]
  return LoadReport(loaded=tuple(keys), missing=tuple(key for key, _ in missing),
                    unused=tuple(sorted(set(arrays) - set(keys))))


def _key(variable):
  return variable.name.split(":")[0]


def read_npz(path):
  """Returns the arrays of an npz file as a dict with keys `<layer>/<weight>`.

  Raises:
    FileNotFoundError: there is no such file.
  """
  arrays = npz_files.read_npz(
      path, "file of pretrained weights", finite=True,
      fix="Check the path: an .npz file with arrays <layer>__<weight> is needed.")
  return {key.replace("__", "/"): array.astype("float32") for key, array in arrays.items()}


def stacked(kernel, shape):
  """Returns the first kernel of a network for one image as that of one for several.

  A kernel tiled F times and divided by F gives for F equal images what it gave for one (Godard et
  al., ICCV 2019, supplementary, on pose networks).

  Args:
    kernel: float array [h, w, 3, D].
    shape: of the variable, [h, w, 3F, D].

  Returns:
    Array of that shape; `kernel` itself if the shapes do not fit so, or are the same.

  Example:
    >>> import numpy as np
    >>> stacked(np.ones([1, 1, 3, 2]), [1, 1, 6, 2])[0, 0, :, 0].tolist()
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
  """
  import numpy as np
  shape = tuple(shape)
  count = shape[2] // kernel.shape[2]
  if count < 2 or shape != (*kernel.shape[:2], count * kernel.shape[2], kernel.shape[3]):
    return kernel
  return np.tile(kernel, (1, 1, count, 1)) / count


def fitted(key, array, shape):
  """Returns trained values as a variable of some shape takes them, or None if it cannot.

  The first kernel of a network may see more: several stacked images (`stacked`), or further
  channels, which start at zero, so that the network says what it said before.

  Args:
    key: name of the variable.
    array: its trained values.
    shape: of the variable.

  Example:
    >>> import numpy as np
    >>> wide = fitted("conv1/kernel", np.ones([1, 1, 3, 2]), (1, 1, 4, 2))
    >>> wide[0, 0, :, 0].tolist()
    [1.0, 1.0, 1.0, 0.0]
    >>> fitted("conv2/kernel", np.ones([1, 1, 3, 2]), (1, 1, 4, 2)) is None
    True
  """
  import numpy as np
  shape = tuple(shape)
  if tuple(array.shape) == shape:
    return array
  if key not in FIRST_KERNELS or len(array.shape) != 4 or len(shape) != 4:
    return None
  array = np.asarray(array)
  tiled = stacked(array, shape)
  if tiled.shape == shape:
    return tiled
  more = shape[2] - array.shape[2]
  if more > 0 and (*array.shape[:2], shape[2], array.shape[3]) == shape:
    return np.pad(array, [(0, 0), (0, 0), (0, more), (0, 0)])
  return None


def _alpha(network):
  return network.get_layer("conv1").filters / 32


def _assign(network, record, arrays, source):
  variables = {_key(variable): variable for variable in network.weights}
  trunk = {key for key in variables if not re.search(record.head_pattern, key)}
  found = sorted(trunk & set(arrays))
  head = sorted(key for key in (set(variables) - trunk) & set(arrays)
                if tuple(variables[key].shape) == arrays[key].shape
                and re.search(registry.CLASSIFIER_PATTERN, key) is None)
  # PoseCNN has no trunk; elsewhere, a head on another trunk's features would be noise.
  if not found and (trunk or not head):
    raise errors.value_error(
        f"The pretrained weights have nothing for the network '{record.name}'.",
        expected="names such as " + ", ".join(sorted(trunk or variables)[:3]),
        received=f"{source} with " + (", ".join(sorted(arrays)[:3]) or "no arrays"),
        fix="Choose weights of the same backbone.")
  for key in FIRST_KERNELS & trunk & set(arrays):
    value = fitted(key, arrays[key], variables[key].shape)
    arrays[key] = arrays[key] if value is None else value
  for key in found:
    if tuple(variables[key].shape) != arrays[key].shape:
      raise errors.value_error(
          f"The pretrained weights do not fit the network '{record.name}' at '{key}'.",
          expected=f"shape {tuple(variables[key].shape)}",
          received=f"shape {arrays[key].shape} in {source}",
          fix="Build the network with the width (alpha) and channels of these weights.")
  for key in found + head:
    variables[key].assign(arrays[key])
  loaded = found + head + (start_segmentation(network, head) if head else [])
  return LoadReport(
      loaded=tuple(loaded), unused=tuple(sorted(set(arrays) - set(found + head))),
      missing=tuple(sorted((set(variables) if head else trunk) - set(loaded))))


def start_segmentation(network, loaded):
  """Starts the segmentation branch, if there is one and the file had none, from the depth branch.

  Args:
    network: `keras.Model`, its weights loaded.
    loaded: names of the variables that the file has set.

  Returns:
    Names of the variables that were set.
  """
  if any(key.startswith(multitask_decoder.SEGMENTATION_PREFIX) for key in loaded):
    return []
  return multitask_decoder.start_from_depth(network)


def save_npz(network, path):
  """Writes the weights of a network as float32 arrays `<layer>__<weight>`; whole or not at all.

  `load_pretrained` reads them back into networks with layers of the same names: a depth network's
  encoder and decoder into one that segments.

  Args:
    network: `keras.Model` of `registry.build_network`.
    path: of the file, `.npz`; an existing one is replaced.

  Raises:
    ValueError: the path has another suffix, or two weights have one name.
  """
  write_npz(arrays_of(network), path)


def arrays_of(network):
  """Returns the weights of a network as a dict of float32 arrays by `<layer>__<weight>`.

  Raises:
    ValueError: two weights have one name.
  """
  import numpy as np
  arrays = {_key(weight).replace("/", "__"): weight.numpy().astype(np.float32)
            for weight in network.weights}
  if len(arrays) != len(network.weights):
    raise errors.value_error(
        f"The weights of the network '{network.name}' cannot be told apart by name.",
        expected=f"{len(network.weights)} different names", received=len(arrays),
        fix="Save it as a checkpoint.")
  return arrays


def write_npz(arrays, path):
  """Writes arrays as an npz file, whole or not at all.

  Args:
    arrays: dict of name to array.
    path: of the file, `.npz`; an existing one is replaced.

  Raises:
    UnwritableError: it cannot be written; nothing is left of it.
    ValueError: the path has another suffix.
  """
  import numpy as np
  path = os.fspath(path)
  if not path.endswith(".npz"):
    raise errors.value_error("Weights are written as .npz files.", expected="a path *.npz",
                             received=path, fix=f"Write to '{path}.npz'.")
  writing.write_whole(path, lambda file: np.savez(file, **arrays))
