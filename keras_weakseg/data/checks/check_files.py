"""Looks at the files of one sample of a folder."""
import re

import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import depth_files
from keras_weakseg.data.readers import headers
from keras_weakseg.ops import image_formats


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def _decode_image(path):
  return decode.decode_image(tf.io.read_file(path))


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def _decode_mask(path):
  return decode.decode_index_png(tf.io.read_file(path))


def prepare(whole):
  """Traces the decoders once, so that threads do not trace them side by side.

  Args:
    whole: whether images will be decoded, as of `inspect`.
  """
  if whole:
    _decode_image.get_concrete_function()
  _decode_mask.get_concrete_function()


def inspect(source, name, with_mask, found, whole, legend=None):
  """Looks at the image of a sample and, if asked, at its mask.

  Args:
    source: `folder.Folder`.
    name: id of the sample.
    with_mask: whether the mask may be opened and shall be.
    found: `findings.Findings`, takes the problems.
    whole: decode the image as training does, instead of reading header and end only.
    legend: `legends.Legend` that compares the palettes of masks, or None.

  Returns:
    (height, width) of the image or None, and the histogram int64 [256] of the stored values of the
    mask or None.
  """
  size = histogram = None
  kind = "broken image"
  try:
    size = _inspect_image(source.image_path(name), name, found, whole)
    source.sizes.remember(name, size)
    kind = "broken mask"
    histogram = _inspect_mask(source, name, size, found) if with_mask else None
    if legend is not None and histogram is not None:
      legend.add(name, source.mask_path(name), histogram)
  except OSError as error:
    found.add(kind, name, error.strerror or str(error))
  return size, histogram


def _inspect_image(path, name, found, whole):
  header = headers.read_header(path)
  if header.orientation != 1:
    found.add("orientation", name, f"orientation {header.orientation}")
  if header.bits > 8:
    found.add("deep image", name, f"{header.bits} bits")
    return header.size
  if header.fault:
    unknown = header.fault in (image_formats.WORDS[image_formats.EMPTY],
                               image_formats.WORDS[image_formats.OTHER])
    found.add("broken image" if unknown else "other format", name, header.fault)
    return None
  if header.size is not None and 0 in header.size:
    found.add("broken image", name, "the header is damaged")
    return None
  size = header.size
  if size is not None and size[0] * size[1] > decode.LARGEST:
    found.add("large image", name, "{}x{}".format(*size))
    return size
  # Data behind the end are no fault, and there is no end but the decoder's.
  if whole or size is None or not header.complete:
    try:
      size = tuple(_decode_image(path).shape[:2])
    except tf.errors.OpError as error:
      cut = header.form in ("jpeg", "png") and not header.complete
      found.add("broken image", name,
                "the file ends early" if cut else decode.reason(error)[:120])
      return size
  if header.kind not in ("RGB", "other"):
    found.add("converted", name, header.kind)
  return size


def _inspect_mask(source, name, size, found):
  path = source.mask_path(name)
  header = headers.read_header(path)
  if header.form != "png" or header.kind not in ("grey", "palette") or header.bits > 8:
    what = f"{header.kind}, {header.bits} bits" if header.form == "png" else "not a PNG"
    found.add("no index mask", name, what)
    return None
  if size is not None and header.size != tuple(size):
    found.add("other size", name, "{}x{}, image {}x{}".format(*header.size, *size))
    return None
  try:
    mask = _decode_mask(path).numpy()
  except tf.errors.OpError as error:
    found.add("broken mask", name, decode.reason(error)[:120])
    return None
  raw = np.bincount(mask.ravel(), minlength=256)
  if source.remap is None:
    unknown = np.flatnonzero(raw[source.num_classes:fields.IGNORE_LABEL]) + source.num_classes
    if len(unknown):
      found.add("unknown value", name, "values " + " ".join(map(str, unknown[:8])))
  return raw


def check_names(source, scope, found):
  """Reads tags and boxes of samples.

  Args:
    source: `folder.Folder`.
    scope: dict of id to flags that may be read.
    found: `findings.Findings`, takes the problems.

  Returns:
    float64 [C], the number of images with each tag.
  """
  counts = np.zeros(source.num_classes)
  for name, flags in scope.items():
    try:
      tags = source.check_labels(name, flags)
      counts += 0 if tags is None else tags
      if _is_empty(source, name, flags, tags):
        found.add("background alone", name)
    except (ValueError, OSError) as error:
      text = str(error)
      kind = "unknown name" if "no class" in text or "class list" in text else "unreadable labels"
      found.add(kind, name, " ".join(text.splitlines()[:2])[:300])
  return counts


def _is_empty(source, name, flags, tags):
  """Returns whether all that is known of a sample is an empty list; a mask says it by itself."""
  if flags & fields.Supervision.MASK:
    return False
  if tags is not None:
    return not tags[1:].any()
  return bool(flags & fields.Supervision.BOXES) and not source.box_names(name)


def check_depth(source, scope, found):
  """Reads the depth maps of samples and compares their sizes with those of the images.

  Args:
    source: `folder.Folder`.
    scope: dict of id to flags that may be read.
    found: `findings.Findings`, takes the problems.
  """
  for name, flags in scope.items():
    size = source.sizes.of(name) if flags & fields.Supervision.DEPTH else None
    if size is not None:
      try:
        depth_files.check_size(
            depth_files.read_depth(source.depth_path(name), source.depth_scale), size, name)
      except (ValueError, OSError) as error:
        found.add("unreadable labels", name, " ".join(str(error).splitlines()[:2])[:300])


def check_unread(source, found):
  """Names what lies beside images and masks and is not read.

  Args:
    source: `folder.Folder`.
    found: `findings.Findings`, takes the problems.
  """
  unread = source.unread()
  for name in unread.images:
    found.add("unread image", name)
  for name in unread.masks:
    found.add("unread mask", name)
  for name in unread.labels:
    found.add("unread labels", name)
  for name, meant in unread.lonely.items():
    found.add("masks without image", name, f"call it {meant}.png" if meant else "")


_KINDS = {"masks": fields.Supervision.MASK, "tags": fields.Supervision.TAGS,
          "boxes": fields.Supervision.BOXES, "depth": fields.Supervision.DEPTH}


# What a class list that knows of a background calls it.
_NOTHING = re.compile(r"back|^bg$|none|noth|other|void|rest|empty|unlabell?ed|^_")


def check_pairs(source, found, used=~0):
  """Compares the lists of images, masks, tags, boxes and of the manifest.

  Args:
    source: `folder.Folder`.
    found: `findings.Findings`, takes the problems.
    used: flags of the labels whose lists may be looked at.
  """
  for name, kind in source.lacking() if used == ~0 else ():
    found.add("missing label", name, kind)
  for kind, flag in _KINDS.items():
    if not used & flag:
      continue
    try:
      orphans, fitting = source.orphans(kind)
    except (ValueError, OSError) as error:
      found.add("unreadable labels", kind, str(error).replace("\n", " "))
      continue
    if kind in ("tags", "boxes") and fitting and not _NOTHING.search(source.classes[0].lower()):
      found.add("first class", source.classes[0])
    for name in orphans:
      found.add(f"{kind} without image", name)
    if orphans and not fitting:
      found.add("no label fits", kind, f"{len(orphans)} without an image, such as {orphans[0]}")
