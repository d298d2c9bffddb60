"""The networks by name: how each is built, and what the rest of the library must know about it."""
import collections
import difflib
import functools
import inspect

from keras_weakseg import errors
from keras_weakseg.networks import cam, deeplab_v2, deeplab_v3, dual, hourglass
from keras_weakseg.networks import largefov, light, multitask_decoder, p_net, pose_network
from keras_weakseg.networks import tag_classifier, unet_decoder
from keras_weakseg.networks.backbones import depth_encoder
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.record import ANSWERS, CLASSIFIED, CRITIC, DEPTH, MULTITASK, POSE
from keras_weakseg.networks.record import ROLES, SEGMENTATION, TAGS, NetworkRecord
from keras_weakseg.ops import depth_inference

__all__ = ["ANSWERS", "CLASSIFIED", "CRITIC", "DEPTH", "MULTITASK", "POSE", "ROLES", "SEGMENTATION",
           "TAGS", "Entry", "NetworkRecord", "build_network", "network_names", "network_options",
           "network_record", "option_home", "register", "role_of", "synchronized"]

HEAD_PATTERN = r"(^|/)head_"
NO_HEAD_PATTERN = r"(?!)"
FC8_PATTERN = r"(^|/)(fc8|msc_)"  # msc_: the branches of DeepLab-MSc
# The last layers, whose size is the number of classes.
CLASSIFIER_PATTERN = r"(^|/)(fc8|head_classifier|head_dual)"

# Scale 3 is a grid of stride 8, and the losses of depth halve the images three times.
_PYRAMID = 8


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


# How long a dual network infers is a matter of the protocol.
_STEPS = ("steps",)


def _unet(build):
  return Entry(build, _of_encoder, HEAD_PATTERN, _one, _one,
               hidden=("disparity_scales", "mask_sources"))


def _depth(build):
  # What belongs to a classifier is no option of a depth network.
  return Entry(functools.partial(build, disparity_scales=unet_decoder.SCALES), _of_encoder,
                HEAD_PATTERN, _pyramid, _one, DEPTH, ("score_level", "head", "head_channels"))


def _hourglass(build):
  return Entry(build, lambda options: preprocessing.UNIT, HEAD_PATTERN, lambda options: 16, _one,
               DEPTH, answers=depth_inference.LOG_DEPTH)


def _tags(build):
  return Entry(build, _of_encoder, HEAD_PATTERN, _one, _one, TAGS)


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
    "dual_network": Entry(dual.dual_network, lambda options: preprocessing.CAFFE, HEAD_PATTERN,
                          lambda options: 8, hidden=_STEPS),
    "light_dual": _light_entry(dual.light_dual)._replace(hidden=_STEPS),
    "unet": _unet(unet_decoder.unet_decoder),
    "light_unet": _unet(unet_decoder.light_unet),
    "depth_unet": _depth(unet_decoder.unet_decoder),
    "light_depth": _depth(unet_decoder.light_unet),
    "hourglass": _hourglass(hourglass.hourglass),
    "light_hourglass": _hourglass(hourglass.light_hourglass),
    "pose_network": Entry(pose_network.pose_network, _of_pose, HEAD_PATTERN, _one, _one, POSE),
    # The same pixels as `light_depth` sees.
    "light_pose": Entry(pose_network.light_pose, lambda options: preprocessing.TF, HEAD_PATTERN,
                        _one, _one, POSE, hidden=("layout",)),
    "multitask": _multitask(multitask_decoder.multitask_decoder),
    "light_multitask": _multitask(multitask_decoder.light_multitask),
    "cam_vgg16": Entry(cam.cam_vgg16, lambda options: preprocessing.CAFFE, HEAD_PATTERN, _one,
                       _one, TAGS),
    "cam_encoder": _tags(cam.cam_encoder),
    "light_cam": _tags(cam.light_cam),
    "tag_classifier": _tags(tag_classifier.tag_classifier),
    # Nothing of it has ever been trained elsewhere, so nothing is newer than the rest.
    "p_net": Entry(p_net.p_net, lambda options: preprocessing.TF, NO_HEAD_PATTERN, _one, _one,
                   CRITIC),
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
  errors.check_name("network", name, _NETWORKS)
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
  several = entry.role == MULTITASK or entry.role == DEPTH and entry.answers in (
      "", depth_inference.DISPARITY)
  levels = () if not several else tuple(
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
    num_classes: C, with the background; none for networks of depth and pose.
    **options: of that network, see `network_options`.

  Returns:
    `keras.Model` of preprocessed floats [N, H, W, 3]: segmentation -> scores float32 [N, h, w, C];
    depth -> dict of "disparity_<s>" [N, H/2^s, W/2^s, 1] in 0..1, or log depth [N, H, W, 1] where
    the record says so; multi-task -> dict of disparities, "scores" and "side_scores"; pose (stacked
    frames in) -> dict of "axis_angle" and "translation" [N, F-1, 3]; tags -> scores [N, C]; critic
    (images under masks in) -> logits [N, 1].

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
        expected="none for networks of depth and pose, some for all others",
        received=num_classes, fix="Name the classes, or choose one of "
        f"{', '.join(network_names(MULTITASK))} for classes and depth.")
  shape = tuple(input_shape)
  return entry.build(shape, **options) if entry.role == POSE else entry.build(
      shape, num_classes, **options)
