"""The networks by name: how each is built, and what the rest of the library must know about it."""
import collections
import dataclasses
import difflib
import inspect

from keras_weakseg import errors
from keras_weakseg.networks import deeplab_v2, deeplab_v3, largefov, light, preprocessing

HEAD_PATTERN = r"(^|/)head_"
FC8_PATTERN = r"(^|/)(fc8|msc_)"  # msc_: the branches of DeepLab-MSc
# The last layers, whose size is the number of classes.
CLASSIFIER_PATTERN = r"(^|/)(fc8|head_classifier)"


@dataclasses.dataclass(frozen=True)
class NetworkRecord:
  """What data, training and export need to know about a network.

  Attributes:
    name: key of the registry.
    preprocessing: mode of `preprocessing.Preprocess`.
    stride: of the score grid: a side H of the image gives (H-1)/stride+1.
    mean_rgb: colour 0..255 that preprocessing maps to 0; images are padded with it.
    head_pattern: regular expression that finds (`re.search`) the variables of the new layers by
      name, for learning rate multipliers and partial loading.
    multiple: sides of multiple*k+1 keep every grid of the network corner-aligned.
  """
  name: str
  preprocessing: str
  stride: int
  mean_rgb: tuple
  head_pattern: str
  multiple: int

  def aligned_side(self, side):
    """Returns the smallest aligned side that is at least `side` pixels.

    Example:
      >>> network_record("light_mobilenet_v1").aligned_side(190)
      193
    """
    return -(-(side - 1) // self.multiple) * self.multiple + 1


# `preprocessing` and `multiple` are functions of the options (with defaults filled in).
_Entry = collections.namedtuple("_Entry", ["build", "preprocessing", "head_pattern", "multiple"])


def _light_entry(build):
  return _Entry(build, lambda options: preprocessing.TF, HEAD_PATTERN,
                lambda options: options["output_stride"])


_NETWORKS = {
    "light_mobilenet_v1": _light_entry(light.light_mobilenet_v1),
    "light_tiny": _light_entry(light.light_tiny),
    "largefov_vgg16": _Entry(
        largefov.largefov_vgg16, lambda options: preprocessing.CAFFE, FC8_PATTERN,
        lambda options: 8),
    "deeplab_v2_resnet101": _Entry(
        deeplab_v2.deeplab_v2_resnet101, lambda options: preprocessing.CAFFE, FC8_PATTERN,
        # Half of the image must still have a side of 8k+1.
        lambda options: 16 if options["multi_scale"] else 8),
    "deeplab_v3": _Entry(
        deeplab_v3.deeplab_v3,
        lambda options: deeplab_v3.backbone_preprocessing(options["backbone"]), HEAD_PATTERN,
        lambda options: options["output_stride"]),
}


def network_names():
  """Returns the sorted names of all networks.

  Example:
    >>> "light_mobilenet_v1" in network_names()
    True
  """
  return sorted(_NETWORKS)


def _entry(name):
  if name not in _NETWORKS:
    raise errors.unknown_name("network", name, _NETWORKS)
  return _NETWORKS[name]


def _options(name, given):
  """Returns all options with defaults filled in; raises for an unknown one."""
  return filled_options(name, _entry(name).build, given)


def filled_options(name, build, given, hidden=()):
  """Returns the keyword-only options of a function with defaults filled in.

  Args:
    name: of the network, for the error.
    build: the function that builds it.
    given: dict of options.
    hidden: names of options that are not offered.

  Raises:
    ValueError: a given option is unknown.
  """
  known = {
      parameter.name: parameter.default
      for parameter in inspect.signature(build).parameters.values()
      if parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.name not in hidden}
  for option in given:
    if option not in known:
      near = difflib.get_close_matches(option, sorted(known), n=1, cutoff=0.4)
      raise errors.value_error(
          f"The network '{name}' has no option '{option}'.",
          expected="one of " + ", ".join(sorted(known)), received=repr(option),
          fix=f"Did you mean '{near[0]}'?" if near else "Choose one of the names above.")
  return {**known, **given}


def network_options(name):
  """Returns the options of a network and their defaults, as a dict.

  Raises:
    ValueError: there is no such network.
  """
  return _options(name, {})


def synchronized(name):
  """Returns the options that make batch statistics those of all replicas, for networks with any.

  Raises:
    ValueError: there is no such network.

  Example:
    >>> synchronized("light_tiny"), synchronized("largefov_vgg16")
    ({'synchronized_batch_norm': True}, {})
  """
  option = "synchronized_batch_norm"
  return {option: True} if option in _options(name, {}) else {}


def network_record(name, **options):
  """Returns the `NetworkRecord` of a network built with these options.

  Raises:
    ValueError: the network or an option is unknown.

  Example:
    >>> network_record("light_mobilenet_v1", output_stride=8).multiple
    8
  """
  entry, options = _entry(name), _options(name, options)
  mode = entry.preprocessing(options)
  return NetworkRecord(
      name=name, preprocessing=mode, stride=8, mean_rgb=preprocessing.MEAN_RGB[mode],
      head_pattern=entry.head_pattern, multiple=entry.multiple(options))


def build_network(name, input_shape, num_classes, **options):
  """Builds a network by name.

  Args:
    name: one of `network_names()`.
    input_shape: (H, W, 3) or (None, None, 3).
    num_classes: C, with the background.
    **options: of that network, see `network_options`.

  Returns:
    `keras.Model`, preprocessed floats [N, H, W, 3] -> scores float32 [N, h, w, C].

  Raises:
    ValueError: the network or an option is unknown, or an option is out of range.

  Example:
    >>> build_network("light_tiny", (33, 33, 3), 4).output_shape
    (None, 5, 5, 4)
  """
  entry = _entry(name)
  _options(name, options)
  return entry.build(tuple(input_shape), num_classes, **options)
