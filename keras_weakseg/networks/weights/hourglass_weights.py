"""Weights of the hourglass from its reference in PyTorch, as arrays of the state dict."""
from keras_weakseg import errors
from keras_weakseg.files import npz_files
from keras_weakseg.networks import hourglass

# The last word of a name in a state dict, and the variable of ours.
_CONVOLUTION = (("weight", "kernel"), ("bias", "bias"))
_STATISTICS = (("running_mean", "moving_mean"), ("running_var", "moving_variance"))
_AFFINE = (("weight", "gamma"), ("bias", "beta"))
_COUNTER = "num_batches_tracked"


def load_state_dict(network, path):
  """Sets a hourglass to the weights of the reference; nothing changes when it raises.

  The names in the file are those of nested sequences and say little; the order of the tensors says
  which is which, so an `.npz` must have been written in the order of the state dict:
  `numpy.savez(path, **{name: t.numpy() for name, t in state_dict.items()})`.

  Args:
    network: `keras.Model` of `hourglass.hourglass` at width 1.
    path: `.npz` file.

  Returns:
    Number of variables that were set: all.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: number, kind, order or shapes of the tensors differ from those of the network.
  """
  arrays = _read(path)
  slots = _slots(network)
  if len(arrays) != len(slots):
    raise errors.value_error(
        "This file is not the state dict of the hourglass.", expected=f"{len(slots)} tensors",
        received=f"{len(arrays)} in {path}", fix="Save the whole state dict of the network.")
  values = []
  for (name, array), (layer, word, variable) in zip(arrays.items(), slots):
    if array.ndim == 4:
      array = array.transpose(2, 3, 1, 0)  # out, in, h, w
    if name.rsplit(".", 1)[-1] != word or array.shape != tuple(variable.shape):
      raise errors.value_error(
          f"The tensor '{name}' does not fit the layer '{layer}'.",
          expected=f"'*.{word}' of shape {tuple(variable.shape)} (h, w, in, out)",
          received=f"shape {array.shape}",
          fix="Write the tensors in the order of the state dict, none left out.")
    values.append((variable, array))
  for variable, array in values:
    variable.assign(array)
  return len(values)


def _read(path):
  """Returns the tensors of a file, in its order."""
  arrays = npz_files.read_npz(path, "file of weights of the hourglass", finite=True,
                              fix="Check the path: an .npz file of the state dict is needed.")
  return {name: array for name, array in arrays.items()
          if name.rsplit(".", 1)[-1] != _COUNTER}


def _slots(network):
  """Returns (layer, last word of the name, variable) of every tensor, in the order of the file."""
  pairs = [("stem_conv", "stem_bn")]
  for name in hourglass.inception_names():
    pairs += hourglass.branch_names(name)
  slots = []
  for conv, norm in pairs:
    slots += _of(network, conv, _CONVOLUTION)
    slots += _of(network, norm, (*_AFFINE, *_STATISTICS))
  return slots + _of(network, "head_conv", _CONVOLUTION)


def _of(network, name, words):
  layer = network.get_layer(name)
  return [(name, word, getattr(layer, ours)) for word, ours in words
          if getattr(layer, ours) is not None]
