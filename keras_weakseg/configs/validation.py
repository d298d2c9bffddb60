"""Checks of an experiment that need no data and no device: ranges, names, what fits together."""
import math
import re

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.configs import data_validation
from keras_weakseg.configs import network_validation
from keras_weakseg.configs import schedule
from keras_weakseg.configs.checks import choices, one_of, require
from keras_weakseg.ops import crf_parameters

CHECKPOINTS = ("last", "best")
STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker_mirrored")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
BOX_DECISIONS = ("class", "object")
BOX_OVERLAPS = ("smallest", "all")
BOX_MODES = ("soft", "hard")
DEPTH_FROM = ("video", "teacher")
DEPTH_LOSSES = ("log", "berhu")
DEPTH_CROPS = ("none", "garg", "eigen")
DEPTH_SCALES = ("median", "metric")
# What a part must grant for a method to learn from it; tags where nothing else is said.
_NEEDED = {
    "supervised": fields.Supervision.MASK, "supervised_depth": fields.Supervision.DEPTH,
    **{name: fields.Supervision.BOXES for name in ("bbox_rect", "bbox_seg", "bbox_em_fixed")},
    **{name: fields.Supervision.NONE for name in ("self_supervised_depth", "joint_depth")}}


def validate(experiment):
  """Checks a resolved experiment before any file is written or device used.

  Args:
    experiment: a `schema.Experiment`.

  Returns:
    The same experiment.

  Raises:
    ValueError: a value is out of range, a name is unknown, or two settings contradict each other;
      the text names the key, the expected and the received value, and the fix.

  Example:
    >>> from keras_weakseg.configs import registry
    >>> validate(registry.build("em_adapt_scenes")).name
    'em_adapt_scenes'
  """
  data_validation.validate_data(
      experiment.data, not network_validation.has_nested_grids(experiment.network))
  _validate_phase(experiment, experiment.data.parts, experiment.data.augmentation)
  _validate_stages(experiment)
  _validate_evaluation(experiment.evaluation, experiment.training)
  _validate_protocol(experiment.evaluation.protocol)
  _validate_depth_protocol(experiment.evaluation.depth)
  one_of("runtime.strategy", experiment.runtime.strategy, STRATEGIES)
  one_of("runtime.mixed_precision", experiment.runtime.mixed_precision, PRECISIONS)
  return experiment


def _validate_phase(phase, parts, augmentation):
  """Checks what an experiment and a stage have in common."""
  network_validation.validate_network(phase.network)
  network_validation.validate_pose(phase.pose)
  frames = getattr(phase.pose.get(), "frames", 2)
  require(frames == 2 or not augmentation.swap_frames, f"pose.{phase.pose.type}.frames",
          received=frames, expected="2 with swap_frames: who sees all frames at once knows each by "
          "its place", fix="Set it to 2, or `swap_frames` of the augmentation to 0.")
  _validate_method(phase.method, parts)
  masks = getattr(phase.network.get(), "mask_sources", 0)
  require(masks >= 0 and not (masks and getattr(phase.method.get(), "auto_mask", False)),
          f"method.{phase.method.type}.auto_mask", received=True,
          expected="False with a network that has masks (`mask_sources`)")
  _validate_training(phase.training)
  warmup = getattr(phase.method.get(), schedule.WARMUP, 0)
  require(0 <= warmup < phase.training.steps, f"method.{phase.method.type}.{schedule.WARMUP}",
          expected=f"0 or more, fewer than the {phase.training.steps} steps", received=warmup)
  _validate_schedule(phase.training.optimization.learning_rate)


def _validate_stages(experiment):
  names = [stage.name for stage in experiment.stages]
  require(bool(names) == (experiment.recipe == "staged"), "stages", received=names or "none",
          expected="one or more for the recipe 'staged', none for any other",
          fix=f"Set `recipe` ('{experiment.recipe}' now), or `stages`.")
  require(len({*names, "train"}) == len(names) + 1 and all(names), "stages",
          expected="a name of its own for every stage, none of them 'train'", received=names)
  for i, stage in enumerate(experiment.stages):
    augmentation, key = stage.augmentation, f"stages.{i}.augmentation"
    if augmentation is None:
      augmentation, key = experiment.data.augmentation, "data.augmentation"
    try:
      data_validation.validate_parts(experiment.data.sources, stage.parts, stage.head)
      data_validation.validate_augmentation(
          augmentation, not network_validation.has_nested_grids(stage.network), key)
      data_validation.validate_tags(augmentation, stage.parts, key)
      _validate_phase(stage, stage.parts, augmentation)
    except ValueError as error:
      raise ValueError(f"In the stage '{stage.name}': {error}") from error


def _validate_method(method, parts):
  one_of("method.type", method.type, choices(method))
  options = method.get()
  for name in ("background_portion", "foreground_portion"):
    value = getattr(options, name, 0.0)
    require(0 <= value <= 1, f"method.{method.type}.{name}", expected="a share of the pixels, 0..1",
            received=value)
  iterations = getattr(options, "iterations", 1)
  require(iterations >= 1, f"method.{method.type}.iterations", expected="1 or more",
          received=iterations)
  alpha = getattr(options, "alpha", 0.5)
  require(0 < alpha < 1, f"method.{method.type}.alpha", received=alpha,
          expected="a share of the box, 0 < alpha < 1")
  one_of(f"method.{method.type}.mode", getattr(options, "mode", BOX_MODES[0]), BOX_MODES)
  for name, known in (("decision", BOX_DECISIONS), ("overlap", BOX_OVERLAPS)):
    one_of(f"method.{method.type}.{name}", getattr(options, name, known[0]), known)
  _validate_depth(f"method.{method.type}", options)
  needed = _NEEDED.get(method.type, fields.Supervision.TAGS)
  if getattr(options, "loss", "") == "berhu":  # A teacher needs no labels.
    needed = fields.Supervision.NONE
  for i, part in enumerate(parts):
    flags = fields.granted(fields.parse_supervision(part.supervision))
    if needed and not flags & needed:
      raise errors.value_error(
          f"The method '{method.type}' cannot learn from 'data.parts.{i}'.",
          expected=f"supervision that grants {needed.name.lower()}", received=part.supervision,
          fix=f"Remove the part, or choose a method that learns from '{part.supervision}'.")


def _validate_depth(key, options):
  """Checks what methods of depth have in common, and what they choose from."""
  near, far = getattr(options, "min_depth", 0.1), getattr(options, "max_depth", 100.0)
  require(0 < near < far, f"{key}.max_depth", expected=f"more than min_depth, {near:g}, above 0",
          received=far)
  for name in ("ssim_weight", "lam"):
    value = getattr(options, name, 0.0)
    require(0 <= value <= 1, f"{key}.{name}", expected="a share, 0..1", received=value)
  for name in ("smoothness", "feature_distance", "gradient_weight", "depth_weight"):
    value = getattr(options, name, 0.0)
    require(value >= 0, f"{key}.{name}", expected="a weight of 0 or more", received=value)
  steps = getattr(options, "align", 0)
  require(steps >= 0, f"{key}.align", expected="0 (none) or more steps", received=steps)
  one_of(f"{key}.depth_from", getattr(options, "depth_from", DEPTH_FROM[0]), DEPTH_FROM)
  one_of(f"{key}.loss", getattr(options, "loss", DEPTH_LOSSES[0]), DEPTH_LOSSES)
  require(getattr(options, "video", True) or getattr(options, "stereo", False), f"{key}.video",
          expected="True, or `stereo=True`", received=False)


def _validate_training(training):
  for name in ("steps", "accumulation", "log_every", "keep"):
    value = getattr(training, name)
    require(value >= 1, f"training.{name}", expected="1 or more", received=value)
  for name in ("weight_decay", "clip_norm", "checkpoint_every", "validate_every",
               "picture_samples"):
    value = getattr(training, name)
    require(value >= 0, f"training.{name}", expected="0 or more", received=value)
  for i, multiplier in enumerate(training.multipliers):
    key = f"training.multipliers.{i}"
    require(multiplier.learning_rate >= 0, f"{key}.learning_rate", expected="0 (frozen) or more",
            received=multiplier.learning_rate)
    require(multiplier.weight_decay >= 0, f"{key}.weight_decay", expected="0 or more",
            received=multiplier.weight_decay)
    try:
      re.compile(multiplier.pattern)
    except re.error as error:
      raise errors.value_error(
          f"'{key}.pattern' is not a regular expression.",
          expected="`head`, `fc8.*bias` or the like",
          received=f"{multiplier.pattern!r}: {error}", fix="Escape special characters by `\\`."
      ) from error


def _validate_schedule(rate):
  """Checks the learning rate; a schedule of Model Garden that we do not know passes."""
  key = "training.optimization.learning_rate"
  require(rate.type is not None, f"{key}.type", expected="one of " + ", ".join(choices(rate)),
          received=None)
  chosen, at = rate.get(), f"{key}.{rate.type}"
  for name in ("learning_rate", "initial_learning_rate"):
    value = getattr(chosen, name, 1.0)
    require(value is not None and value > 0 and math.isfinite(value), f"{at}.{name}",
            expected="a rate above 0", received=value)
  steps = getattr(chosen, "decay_steps", 1)
  require(steps is not None and steps >= 1, f"{at}.decay_steps", expected="1 or more",
          received=steps)
  if rate.type == "stepwise":
    boundaries, values = chosen.boundaries or [], chosen.values or []
    require(boundaries and boundaries == sorted(set(boundaries)), f"{at}.boundaries",
            expected="one or more steps in rising order", received=boundaries,
            fix=f"Set it, or `{key}.type=constant` for a single rate.")
    require(len(values) == len(boundaries) + 1, f"{at}.values",
            expected=f"{len(boundaries) + 1} rates, one more than boundaries", received=values)
    require(all(value >= 0 for value in values), f"{at}.values", expected="rates of 0 or more",
            received=values)


def _validate_evaluation(evaluation, training):
  one_of("evaluation.checkpoint", evaluation.checkpoint, CHECKPOINTS)
  if evaluation.checkpoint == "best" and not (
      evaluation.validation_split and training.validate_every):
    raise errors.value_error(
        "There is no best checkpoint without validation.",
        expected="evaluation.validation_split and training.validate_every > 0",
        received=f"{evaluation.validation_split!r} and {training.validate_every}",
        fix="Set both, or take `evaluation.checkpoint=last`.")


def _validate_protocol(protocol):
  key = "evaluation.protocol"
  for name in ("size", "window", "window_stride"):
    value = getattr(protocol, name)
    require(len(value) in (0, 2) and all(side > 0 for side in value), f"{key}.{name}",
            expected="[height, width] in pixels, or [] to leave it off", received=list(value))
  require(protocol.scales and all(scale > 0 for scale in protocol.scales), f"{key}.scales",
          expected="one or more scales above 0", received=list(protocol.scales))
  require(protocol.window or not protocol.window_stride, f"{key}.window_stride",
          expected="[] without a window", received=list(protocol.window_stride),
          fix=f"Set `{key}.window` too.")
  require(all(stride <= side for stride, side in zip(protocol.window_stride, protocol.window)),
          f"{key}.window_stride", expected=f"at most the window {list(protocol.window)}",
          received=list(protocol.window_stride))
  if "=" in protocol.crf:
    crf_parameters.CrfParameters.parse(protocol.crf)
  else:
    one_of(f"{key}.crf", protocol.crf, ("", *crf_parameters.NAMED))


def _validate_depth_protocol(protocol):
  key = "evaluation.depth"
  require(len(protocol.size) in (0, 2) and all(side > 0 for side in protocol.size), f"{key}.size",
          expected="[height, width] in pixels, or [] for that of the training",
          received=list(protocol.size))
  one_of(f"{key}.crop", protocol.crop, DEPTH_CROPS)
  require(0 < protocol.min_depth < protocol.max_depth, f"{key}.max_depth",
          expected=f"more than min_depth, {protocol.min_depth:g}, above 0",
          received=protocol.max_depth)
  number = protocol.scale.replace(".", "", 1).isdigit() and float(protocol.scale) > 0
  require(protocol.scale in DEPTH_SCALES or number, f"{key}.scale", received=protocol.scale,
          expected="median, metric, or metres per unit of depth, such as '5.4'")
