"""Depth, pose and multi-task networks by name, and what the library must know of them."""
import collections
import dataclasses
import functools

from keras_weakseg import errors
from keras_weakseg.networks import depth_encoder, multitask_decoder, pose_network, preprocessing
from keras_weakseg.networks import registry, unet_decoder

DEPTH = "depth"            # disparities
POSE = "pose"              # motions between stacked frames
MULTITASK = "multitask"    # disparities and scores

# Scale 3 is a grid of stride 8, and the losses halve the images three times.
_PYRAMID = 8


@dataclasses.dataclass(frozen=True)
class DepthNetworkRecord:
  """What data, training and export need to know about a network.

  Attributes:
    name: key of this registry.
    role: "depth", "pose" or "multitask".
    preprocessing: mode of `preprocessing.Preprocess`.
    mean_rgb: colour 0..255 that preprocessing maps to 0; images are padded with it.
    head_pattern: regular expression that finds (`re.search`) the variables of the new layers.
    levels: scales of the disparities; scale s has stride 2^s.
    multiple: of which the sides of training images must be.
  """
  name: str
  role: str
  preprocessing: str
  mean_rgb: tuple
  head_pattern: str
  levels: tuple
  multiple: int

  def check_size(self, height, width):
    """Raises unless images of this size can be trained on.

    Raises:
      ValueError: a side is no multiple of `multiple`.

    Example:
      >>> network_record("light_depth").check_size(192, 640)
    """
    if height <= 0 or width <= 0 or height % self.multiple or width % self.multiple:
      def near(side):
        below = max(side // self.multiple, 1) * self.multiple
        return f"{below} or {below + self.multiple}"
      raise errors.value_error(
          f"The network '{self.name}' cannot be trained on images of this size.",
          expected=f"height and width that are multiples of {self.multiple}",
          received=f"height {height}, width {width}",
          fix=f"Resize or crop to a height of {near(height)} and a width of {near(width)}.")


# `preprocessing` and `multiple` are functions of the options (with defaults filled in).
_Entry = collections.namedtuple("_Entry", ["role", "build", "preprocessing", "multiple", "hidden"])


def _stride(options):
  return max(options.get("output_stride", 16), _PYRAMID)


def _of_encoder(options):
  return depth_encoder.encoder(options.get("encoder", "mobilenet_v1")).preprocessing


def _of_pose(options):
  if options["kind"] == pose_network.POSECNN:
    return preprocessing.DEPTH
  return depth_encoder.encoder(options["kind"]).preprocessing


def _depth(build):
  # What belongs to a classifier is no option of a depth network.
  return _Entry(DEPTH, functools.partial(build, disparity_scales=unet_decoder.SCALES), _of_encoder,
                _stride, ("score_level", "head", "head_channels"))


_NETWORKS = {
    "depth_unet": _depth(unet_decoder.unet_decoder),
    "light_depth": _depth(unet_decoder.light_unet),
    "pose_network": _Entry(POSE, pose_network.pose_network, _of_pose, lambda options: 1, ()),
    # The same pixels as `light_depth` sees.
    "light_pose": _Entry(POSE, pose_network.light_pose, lambda options: preprocessing.TF,
                         lambda options: 1, ()),
    "multitask": _Entry(MULTITASK, multitask_decoder.multitask_decoder, _of_encoder, _stride, ()),
    "light_multitask": _Entry(MULTITASK, multitask_decoder.light_multitask, _of_encoder, _stride,
                              ()),
}


def network_names(role=None):
  """Returns the sorted names of all networks, or of those of a role.

  Example:
    >>> network_names("pose")
    ['light_pose', 'pose_network']
  """
  return sorted(name for name, entry in _NETWORKS.items() if role in (None, entry.role))


def _entry(name):
  if name not in _NETWORKS:
    raise errors.unknown_name("depth network", name, _NETWORKS)
  return _NETWORKS[name]


def _options(name, given):
  entry = _entry(name)
  return registry.filled_options(name, entry.build, given, entry.hidden)


def network_options(name):
  """Returns the options of a network and their defaults, as a dict.

  Raises:
    ValueError: there is no such network.
  """
  return _options(name, {})


def synchronized(name):
  """Returns the options that make batch statistics those of all replicas.

  Raises:
    ValueError: there is no such network.

  Example:
    >>> synchronized("light_depth")
    {'synchronized_batch_norm': True}
  """
  option = "synchronized_batch_norm"
  return {option: True} if option in _options(name, {}) else {}


def network_record(name, **options):
  """Returns the `DepthNetworkRecord` of a network built with these options.

  Raises:
    ValueError: the network or an option is unknown.

  Example:
    >>> network_record("depth_unet", encoder="resnet18", output_stride=32).multiple
    32
  """
  entry, options = _entry(name), _options(name, options)
  mode = entry.preprocessing(options)
  levels = () if entry.role == POSE else tuple(
      options.get("disparity_scales", unet_decoder.SCALES))
  return DepthNetworkRecord(
      name=name, role=entry.role, preprocessing=mode, mean_rgb=preprocessing.MEAN_RGB[mode],
      head_pattern=registry.HEAD_PATTERN, levels=levels, multiple=entry.multiple(options))


def build_network(name, input_shape, num_classes=0, **options):
  """Builds a network by name.

  Args:
    name: one of `network_names()`.
    input_shape: (H, W, 3) or (None, None, 3), of one image, also for pose networks.
    num_classes: C, with the background; of multi-task networks alone.
    **options: of that network, see `network_options`.

  Returns:
    `keras.Model`, preprocessed floats -> dict of outputs: of a depth network "disparity_<s>"
    [N, H/2^s, W/2^s, 1] in 0..1, of a pose network (stacked frames in) "axis_angle" and
    "translation" [N, F-1, 3], of a multi-task network disparities, "scores" and "side_scores".

  Raises:
    ValueError: the network or an option is unknown or out of range, or classes are missing.

  Example:
    >>> build_network("light_depth", (32, 64, 3), alpha=.25).output_shape["disparity_0"]
    (None, 32, 64, 1)
  """
  entry = _entry(name)
  _options(name, options)
  if (entry.role == MULTITASK) != (num_classes > 0):
    raise errors.value_error(
        f"The number of classes does not fit the network '{name}'.",
        expected="some for a multi-task network, none for others", received=num_classes,
        fix=f"Choose one of {', '.join(network_names(MULTITASK))}, or leave the classes out.")
  shape = tuple(input_shape)
  return entry.build(shape, **options) if entry.role == POSE else entry.build(
      shape, num_classes, **options)
