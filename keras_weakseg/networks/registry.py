"""The networks by name: how each is built, and what the rest of the library must know about it."""
import collections
import dataclasses
import difflib
import functools
import inspect

from keras_weakseg import errors
from keras_weakseg.networks import deeplab_v2, deeplab_v3, depth_encoder, largefov, light
from keras_weakseg.networks import multitask_decoder, pose_network, preprocessing, tag_classifier
from keras_weakseg.networks import unet_decoder
from keras_weakseg.ops import depth_inference, inference, tag_inference

HEAD_PATTERN = r"(^|/)head_"
FC8_PATTERN = r"(^|/)(fc8|msc_)"  # msc_: the branches of DeepLab-MSc
# The last layers, whose size is the number of classes.
CLASSIFIER_PATTERN = r"(^|/)(fc8|head_classifier)"

# What a network gives:
SEGMENTATION = "segmentation"  # scores
DEPTH = "depth"                # disparities
POSE = "pose"                  # motions between stacked frames
MULTITASK = "multitask"        # disparities and scores
TAGS = "tags"                  # a score for every class of the whole image
ROLES = (SEGMENTATION, DEPTH, POSE, MULTITASK, TAGS)
# Roles with a last layer of classes.
CLASSIFIED = (SEGMENTATION, MULTITASK, TAGS)

# What the predictor of a role answers with, where its record says nothing else.
ANSWERS = {SEGMENTATION: inference.SCORES, MULTITASK: inference.SCORES,
           DEPTH: depth_inference.DISPARITY, TAGS: tag_inference.TAG_SCORES}

# Scale 3 is a grid of stride 8, and the losses of depth halve the images three times.
_PYRAMID = 8


@dataclasses.dataclass(frozen=True)
class NetworkRecord:
  """What data, training and export need to know about a network.

  Attributes:
    name: key of the registry.
    preprocessing: mode of `preprocessing.Preprocess`.
    stride: of the score grid: a side H of the image gives (H-1)/stride+1; 1 = a score per pixel,
      and for networks without scores.
    mean_rgb: colour 0..255 that preprocessing maps to 0; images are padded with it.
    head_pattern: regular expression that finds (`re.search`) the variables of the new layers by
      name, for learning rate multipliers and partial loading.
    multiple: segmentation: sides of multiple*k+1 keep every grid of the network corner-aligned;
      other roles: sides of images for training are multiples of it.
    role: "segmentation", "depth", "pose", "multitask" or "tags".
    levels: scales of the disparities; scale s has stride 2^s.
    answers: what its predictor says: "scores" or "probabilities" of classes, "disparity" (sigmoid,
      0..1), "depth" or "log_depth", "tag_scores"; empty = the first of these of its role.
  """
  name: str
  preprocessing: str
  stride: int
  mean_rgb: tuple
  head_pattern: str
  multiple: int
  role: str = SEGMENTATION
  levels: tuple = ()
  answers: str = ""

  def __post_init__(self):
    if not self.answers:
      object.__setattr__(self, "answers", ANSWERS.get(self.role, ""))

  def aligned_side(self, side):
    """Returns the smallest side of at least `side` pixels that the network can be trained on.

    Example:
      >>> network_record("light_mobilenet_v1").aligned_side(190)
      193
      >>> network_record("light_depth").aligned_side(190)
      192
    """
    corner = self._corner
    return -(-(side - corner) // self.multiple) * self.multiple + corner

  def check_size(self, height, width):
    """Raises unless images of this size can be trained on.

    Raises:
      ValueError: a side is no multiple of `multiple` (plus 1 where grids are corner-aligned).

    Example:
      >>> network_record("light_depth").check_size(192, 640)
    """
    corner = self._corner
    if min(height, width) > 0 and {self.aligned_side(height) - height,
                                   self.aligned_side(width) - width} == {0}:
      return
    def near(side):
      below = max((side - corner) // self.multiple, 1) * self.multiple + corner
      return f"{below} or {below + self.multiple}"
    raise errors.value_error(
        f"The network '{self.name}' cannot be trained on images of this size.",
        expected=f"height and width that are multiples of {self.multiple}"
        + (" plus 1" if corner else ""),
        received=f"height {height}, width {width}",
        fix=f"Resize or crop to a height of {near(height)} and a width of {near(width)}.")

  @property
  def padding_multiple(self):
    """What images are padded to a multiple of, plus 1, when classes are predicted; 1 = nothing.

    Example:
      >>> network_record("light_tiny").padding_multiple
      16
      >>> network_record("light_multitask").padding_multiple
      1
    """
    return self.multiple if self.role == SEGMENTATION else 1

  @property
  def _corner(self):
    """1 where the corners of the grids lie on the corners of the image."""
    return int(self.role == SEGMENTATION)


# `preprocessing`, `stride` and `multiple` are functions of the options (with defaults filled in);
# `hidden` are options of the builder that are not offered.
Entry = collections.namedtuple("Entry", [
    "build", "preprocessing", "head_pattern", "multiple", "stride", "role", "hidden", "answers"],
                               defaults=[lambda options: 8, SEGMENTATION, (), ""])


def _one(options):
  del options
  return 1


def _of_encoder(options):
  return depth_encoder.encoder(options.get("encoder", "mobilenet_v1")).preprocessing


def _of_pose(options):
  if options["kind"] == pose_network.POSECNN:
    return preprocessing.DEPTH
  return depth_encoder.encoder(options["kind"]).preprocessing


def _pyramid(options):
  return max(options.get("output_stride", 16), _PYRAMID)


def _light_entry(build):
  return Entry(build, lambda options: preprocessing.TF, HEAD_PATTERN,
                lambda options: options["output_stride"])


def _unet(build):
  return Entry(build, _of_encoder, HEAD_PATTERN, _one, _one, hidden=("disparity_scales",))


def _depth(build):
  # What belongs to a classifier is no option of a depth network.
  return Entry(functools.partial(build, disparity_scales=unet_decoder.SCALES), _of_encoder,
                HEAD_PATTERN, _pyramid, _one, DEPTH, ("score_level", "head", "head_channels"))


def _multitask(build):
  return Entry(build, _of_encoder, HEAD_PATTERN, _pyramid, _one, MULTITASK)


_NETWORKS = {
    "light_mobilenet_v1": _light_entry(light.light_mobilenet_v1),
    "light_tiny": _light_entry(light.light_tiny),
    "largefov_vgg16": Entry(
        largefov.largefov_vgg16, lambda options: preprocessing.CAFFE, FC8_PATTERN,
        lambda options: 8),
    "deeplab_v2_resnet101": Entry(
        deeplab_v2.deeplab_v2_resnet101, lambda options: preprocessing.CAFFE, FC8_PATTERN,
        # Half of the image must still have a side of 8k+1.
        lambda options: 16 if options["multi_scale"] else 8),
    "deeplab_v3": Entry(
        deeplab_v3.deeplab_v3,
        lambda options: deeplab_v3.backbone_preprocessing(options["backbone"]), HEAD_PATTERN,
        lambda options: options["output_stride"]),
    "unet": _unet(unet_decoder.unet_decoder),
    "light_unet": _unet(unet_decoder.light_unet),
    "depth_unet": _depth(unet_decoder.unet_decoder),
    "light_depth": _depth(unet_decoder.light_unet),
    "pose_network": Entry(pose_network.pose_network, _of_pose, HEAD_PATTERN, _one, _one, POSE),
    # The same pixels as `light_depth` sees.
    "light_pose": Entry(pose_network.light_pose, lambda options: preprocessing.TF, HEAD_PATTERN,
                         _one, _one, POSE),
    "multitask": _multitask(multitask_decoder.multitask_decoder),
    "light_multitask": _multitask(multitask_decoder.light_multitask),
    "tag_classifier": Entry(tag_classifier.tag_classifier, lambda options: preprocessing.TF,
                             HEAD_PATTERN, _one, _one, TAGS),
}


def register(name, entry):
  """Makes a network of a user's own module known by a name.

  Args:
    name: key of the registry.
    entry: `Entry`.

  Raises:
    ValueError: another network has this name.
  """
  if _NETWORKS.setdefault(name, entry) is not entry:
    raise errors.value_error(
        f"There is a network '{name}' already.", expected="a name of its own", received=name,
        fix="Choose another name.")


def option_home(name):
  """Returns what `sections.section_of` needs: the builder, the name, and what is no option."""
  entry = _entry(name)
  return entry.build, name, entry.hidden


def role_of(name):
  """Returns the role of a network.

  Example:
    >>> role_of("light_depth")
    'depth'
  """
  return _entry(name).role


def network_names(role=None):
  """Returns the sorted names of all networks, or of those of a role.

  Raises:
    ValueError: there is no such role.

  Example:
    >>> network_names("pose")
    ['light_pose', 'pose_network']
  """
  if role not in (None, *ROLES):
    raise errors.unknown_name("role of a network", role, ROLES)
  return sorted(name for name, entry in _NETWORKS.items() if role in (None, entry.role))


def _entry(name):
  if name not in _NETWORKS:
    raise errors.unknown_name("network", name, _NETWORKS)
  return _NETWORKS[name]


def _options(name, given):
  """Returns all options with defaults filled in; raises for an unknown one."""
  entry = _entry(name)
  known = {
      parameter.name: parameter.default
      for parameter in inspect.signature(entry.build).parameters.values()
      if parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.name not in entry.hidden}
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
  # Multi-task networks give all scales, whatever else they are told.
  levels = () if entry.role not in (DEPTH, MULTITASK) else tuple(
      options.get("disparity_scales", unet_decoder.SCALES))
  return NetworkRecord(
      name=name, preprocessing=mode, stride=entry.stride(options),
      mean_rgb=preprocessing.MEAN_RGB[mode], head_pattern=entry.head_pattern,
      multiple=entry.multiple(options), role=entry.role, levels=levels, answers=entry.answers)


def build_network(name, input_shape, num_classes=0, **options):
  """Builds a network by name.

  Args:
    name: one of `network_names()`.
    input_shape: (H, W, 3) or (None, None, 3), of one image, also for pose networks.
    num_classes: C, with the background; of networks that know classes.
    **options: of that network, see `network_options`.

  Returns:
    `keras.Model` of preprocessed floats [N, H, W, 3]: segmentation -> scores float32 [N, h, w, C];
    depth -> dict of "disparity_<s>" [N, H/2^s, W/2^s, 1] in 0..1; multi-task -> dict of
    disparities, "scores" and "side_scores"; tags -> tag scores float32 [N, C]; pose (stacked frames
    in) -> dict of "axis_angle" and "translation" [N, F-1, 3].

  Raises:
    ValueError: the network or an option is unknown or out of range, or classes are missing.

  Example:
    >>> build_network("light_tiny", (33, 33, 3), 4).output_shape
    (None, 5, 5, 4)
    >>> build_network("light_depth", (32, 64, 3), alpha=.25).output_shape["disparity_0"]
    (None, 32, 64, 1)
  """
  entry = _entry(name)
  _options(name, options)
  if (entry.role in CLASSIFIED) != (num_classes > 0):
    raise errors.value_error(
        f"The number of classes does not fit the network '{name}'.",
        expected="some for networks of segmentation, of several tasks and of tags, none for depth "
        "and pose",
        received=num_classes, fix="Name the classes, or choose one of "
        f"{', '.join(network_names(MULTITASK))} for classes and depth.")
  shape = tuple(input_shape)
  return entry.build(shape, **options) if entry.role == POSE else entry.build(
      shape, num_classes, **options)
