"""Checks of the data section: sources, the parts of a batch, augmentation."""
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.configs.checks import one_of, require

KINDS = ("folder", "voc_animals", "voc_animals_boxes", "camvid", "coco_sample", "tfds", "records",
         "person_part", "lip", "ccp", "nyuv2", "megadepth", "video", "kitti", "kitti_clips",
         "kitti_stereo", "kitti_odometry", "cityscapes_video", "seven_scenes")
TAGS_FROM = ("image", "boxes")
COLOR_OF = ("pixels", "inputs")
INTRINSICS = ("", "correct", "reference")
OTHERS = ("background", "ignore")
# What stands before the name of a step whose ids a part takes.
OF_STEP = "step:"
_LARGEST_BATCH, _MOST_PIXELS = 1 << 16, 1 << 31
AGGREGATIONS = ("logsumexp", "slice")


def validate_data(data, aligned=True):
  """Checks a `schema.Data`; no file is opened.

  Args:
    data: `schema.Data`.
    aligned: crops are 8k+1, so that scores and labels align; False: multiples of 32, for
      networks with nested grids, see `network_validation`.

  Raises:
    ValueError: a source is unknown, doubled or incomplete, or a value is out of range.
  """
  names = [source.name for source in data.sources]
  for i, source in enumerate(data.sources):
    _validate_source(f"data.sources.{i}", source)
    if source.classes_of:
      one_of(f"data.sources.{i}.classes_of", source.classes_of, names)
    if names.count(source.name) > 1:
      raise errors.value_error(
          f"Two sources are called '{source.name}'.", expected="a name of its own for each source",
          received=names, fix=f"Set `data.sources.{i}.name`.")
  validate_parts(data.sources, data.parts, data.head)
  one_of("data.aggregation", data.aggregation, AGGREGATIONS)
  validate_augmentation(data.augmentation, aligned)
  validate_tags(data.augmentation, data.parts)


def validate_tags(augmentation, parts, key="data.augmentation"):
  """Checks that tags can be taken from boxes: else they would be those of images, in silence.

  Args:
    augmentation: `schema.Augmentation`.
    parts: list of `schema.Part`; empty = made by what is labelled.
    key: of the augmentation.

  Raises:
    ValueError: no part grants boxes.
  """
  found = [part.supervision for part in parts]
  boxed = any("boxes" in name for name in found)
  require(augmentation.tags_from != "boxes" or not parts or boxed, f"{key}.tags_from",
          expected="`image`, or a part whose `supervision` is boxes", received=", ".join(found),
          fix="Set `supervision: boxes` of the parts whose boxes may be read.")


def validate_parts(sources, parts, head=""):
  """Checks the parts of a batch.

  Args:
    sources: list of `schema.Source`.
    parts: list of `schema.Part`.
    head: name of the source whose classes the network has, or empty.

  Raises:
    ValueError: a source is unknown, or a value is out of range.
  """
  names = [source.name for source in sources]
  if parts and not sources:
    raise errors.value_error(
        "The parts of the batch have no source.", expected="at least one entry of data.sources",
        received="none", fix="Add a source, or pass `data=` to fit.")
  for i, part in enumerate(parts):
    _validate_part(f"data.parts.{i}", part, names)
  if parts and not any(part.weight > 0 for part in parts):
    raise errors.value_error(
        "No part of the batch has any weight.", expected="a weight above 0 in at least one part",
        received=[part.weight for part in parts], fix="Set `data.parts.0.weight=1.0`.")
  if parts and parts[0].rest:
    raise errors.value_error(
        "The first part cannot take the rest.", expected="`rest` only after an earlier part",
        received="data.parts.0.rest=True",
        fix="Set `data.parts.0.rest=false`: it takes all anyway.")
  if head and head not in names:
    raise errors.unknown_name("source for 'data.head'", head, names)


def validate_batch(parts, augmentation, key="data.augmentation"):
  """Checks that a batch has a size that a machine can hold.

  Args:
    parts: list of `schema.Part`.
    augmentation: `schema.Augmentation`; without a crop nothing is known.
    key: of the augmentation.

  Raises:
    ValueError: its images are too many or too large.
  """
  count, crop = sum(part.batch_size for part in parts), list(augmentation.crop)
  require(len(crop) != 2 or count * crop[0] * crop[1] <= _MOST_PIXELS, f"{key}.crop",
          expected=f"at most {_MOST_PIXELS:,} pixels in a batch",
          received=f"{count} images of {crop}",
          fix="Choose a smaller crop, or a smaller batch_size of the parts.")


def validate_augmentation(augmentation, aligned=True, key="data.augmentation"):
  """Checks how samples are varied.

  Args:
    augmentation: `schema.Augmentation`.
    aligned: as in `validate_data`.
    key: of the augmentation.

  Raises:
    ValueError: a value is out of range, a name unknown, or the crop does not fit the grids of the
      network; the text offers the nearest one that does.
  """
  scales = list(augmentation.scales)
  _validate_crop(augmentation, aligned, key)
  resize = list(augmentation.resize)
  require(not resize or len(resize) == 2 and min(resize) > 0, f"{key}.resize",
          expected="[height, width], or []", received=resize)
  require(len(scales) == 2 and 0 < scales[0] <= scales[1], f"{key}.scales",
          expected="[lowest, highest], 0 < lowest <= highest", received=scales)
  require(0 <= augmentation.color <= 1, f"{key}.color", expected="a strength, 0..1",
          received=augmentation.color)
  require(0 <= augmentation.color_share <= 1, f"{key}.color_share", expected="a share, 0..1",
          received=augmentation.color_share)
  require(0 <= augmentation.color_saturation <= 1, f"{key}.color_saturation",
          expected="a share, 0..1", received=augmentation.color_saturation)
  require(0 <= augmentation.hue <= 0.5, f"{key}.hue", expected="turns, 0..0.5",
          received=augmentation.hue)
  require(0 <= augmentation.swap_frames <= 1, f"{key}.swap_frames", expected="a share, 0..1",
          received=augmentation.swap_frames)
  one_of(f"{key}.color_of", augmentation.color_of, COLOR_OF)
  one_of(f"{key}.tags_from", augmentation.tags_from, TAGS_FROM)


def _validate_crop(augmentation, aligned, key):
  key = f"{key}.crop"
  crop, scales = list(augmentation.crop), list(augmentation.scales)
  shape = crop if len(crop) == 2 else [321, 321]
  near = [max(8 * ((side + 3) // 8) + 1, 9) if aligned else max((side + 16) // 32 * 32, 32)
          for side in shape]
  whole = not crop and scales == [1.0, 1.0]
  require(whole or crop == near, key, received=crop, fix=f"Set `{key}={near}`.",
          expected="[height, width], each " + (
              "8k+1 so that scores and labels align" if aligned else "a multiple of 32")
          + ", or [] with scales=[1, 1]")


def _validate_source(key, source):
  one_of(f"{key}.kind", source.kind, KINDS)
  needed = {"tfds": "dataset", "folder": "path", "records": "path", "video": "path"}.get(
      source.kind)
  if needed and not getattr(source, needed):
    raise errors.value_error(
        f"The source '{source.name}' of kind '{source.kind}' does not say where it is.",
        expected=f"`{key}.{needed}`", received="''", fix=f"Set `{key}.{needed}`.")
  require(0 <= source.held_out < 1, f"{key}.held_out", expected="a share, 0 <= share < 1",
          received=source.held_out)
  require(source.depth_scale >= 0, f"{key}.depth_scale", received=source.depth_scale,
          expected="stored units per metre, such as 1000, or 0 for metres")
  require(0 <= source.wrong_tags <= 1, f"{key}.wrong_tags", expected="a share, 0..1",
          received=source.wrong_tags)
  one_of(f"{key}.other", source.other, OTHERS)
  for text in source.flip_swaps:
    names = [name.strip() for name in text.split("=")]
    require(len(names) == 2 and all(names) and names[0] != names[1], f"{key}.flip_swaps",
            received=repr(text), expected="texts such as 'left arm=right arm'")
  both = sorted(set(source.weak) & set(source.strong))
  require(not both, f"{key}.weak", expected="no category that is in `strong` too",
          received=", ".join(both))
  require(source.weak or not source.strong, f"{key}.strong", received=list(source.strong),
          expected="`weak` categories beside it")
  _validate_video(f"{key}.video", source.video, source.kind)
  for field in ("groups", "reads"):
    for text in getattr(source, field):
      name, joined, members = text.partition("=")
      names = [name, *(members.split("+") if joined else ())]
      require(all(part.strip() for part in names), f"{key}.{field}", received=repr(text),
              expected="texts such as 'vehicle=car+bus', or 'person' alone")


def _validate_video(key, video, kind):
  size, offsets = list(video.size), list(video.offsets)
  require(not size or len(size) == 2 and min(size) >= 8, f"{key}.size", received=size,
          expected="[height, width], or [] for the stored size")
  require(offsets and 0 not in offsets and len(set(offsets)) == len(offsets), f"{key}.offsets",
          expected="different frame offsets other than 0, such as [-1, 1]", received=offsets)
  require(video.static_threshold >= 0, f"{key}.static_threshold", expected="0 or more",
          received=video.static_threshold)
  require(video.field_of_view == 0 or 5 <= video.field_of_view <= 170, f"{key}.field_of_view",
          expected="an angle of 5..170 degrees, or 0 for none", received=video.field_of_view)
  if kind == "cityscapes_video":
    one_of(f"{key}.intrinsics", video.intrinsics, INTRINSICS)


def _validate_part(key, part, names):
  if part.source and part.source not in names:
    raise errors.unknown_name(f"source for '{key}.source'", part.source, names)
  fields.parse_supervision(part.supervision)
  require(1 <= part.batch_size <= _LARGEST_BATCH, f"{key}.batch_size",
          expected=f"1 to {_LARGEST_BATCH}", received=part.batch_size)
  require(part.count >= 0, f"{key}.count", expected="0 (all) or more", received=part.count)
  require(part.weight >= 0, f"{key}.weight", expected="0 or more", received=part.weight)
  require(all(name.strip() for name in part.split.split("+")), f"{key}.split",
          expected="a split, or several joined by `+`", received=repr(part.split))
