"""Looks for everything in the data that would make training go wrong."""
import concurrent.futures
import itertools

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.checks import check_files
from keras_weakseg.data.checks import findings as finding_lib
from keras_weakseg.data.checks import legends
from keras_weakseg.data.checks import overlaps
from keras_weakseg.data.checks import report
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.pipeline import order
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import source as source_lib
from keras_weakseg.data.sources import with_maps
from keras_weakseg.files import progress as progress_lib

QUICK_MASKS = 64
_PIECE = 32
_KINDS = {"mask": fields.Supervision.MASK, "boxes": fields.Supervision.BOXES,
          "tags": fields.Supervision.TAGS}


def check_data(source, splits=None, quick=False, progress=False):
  """Checks splits of a source, with every label that they may use.

  Args:
    source: `source.Source`.
    splits: names of splits, None = all.
    quick: look at all headers, but only at a sample of the masks.
    progress: whether to draw a progress bar.

  Returns:
    `report.Report`; `.ok` is False if training would go wrong.

  Raises:
    ValueError: there is no such split.
  """
  found = finding_lib.Findings()
  scopes = {}
  splits = [splits] if isinstance(splits, str) else splits
  for split in splits or source.splits():
    try:
      ids = source.ids(split)
      scopes[split] = dict(zip(ids, source.supervision(split).tolist()))
    except ValueError as error:
      if "is empty" not in str(error):
        if "There is no split" in str(error):
          raise
        found.add("unreadable labels", split, str(error).replace("\n", " "))
      elif split in source.origin.optional and not splits:
        found.add("nothing to evaluate", split)
      # Of a short video nothing is left to hold out, and nobody needs it.
      elif source.labelled or splits or split.startswith("train"):
        found.add("empty split", split)
  return _check(source, scopes, found, quick, progress=progress)


def check_bundle(bundle, quick=True):
  """Checks what the parts of a bundle use, and opens nothing that they may not read.

  Args:
    bundle: `bundle.Bundle`.
    quick: as in `check_data`.

  Returns:
    List of `report.Report`, one per source.
  """
  scopes, grants = {}, {}
  for part, ids in zip(bundle.parts, bundle.ids):
    granted = fields.granted(part.supervision)
    flags = part.source.supervision(part.split, granted, ids)
    source = with_maps.unwrapped(part.source)
    scopes.setdefault(source, {})[part.label] = dict(zip(ids, flags.tolist()))
    grants[source] = grants.get(source, 0) | int(granted)
  return [_check(source, parts, finding_lib.Findings(), quick, grants[source])
          for source, parts in scopes.items()]


def _check(source, scopes, found, quick, grant=None, progress=False):
  """Returns the report; `grant` are the flags of what may be read, None = all."""
  strict = grant is None
  tally = _Tally(source.num_classes)
  for split, scope in scopes.items():
    if isinstance(source, folder.Folder):
      _check_folder(source, split, scope, found, tally, quick, progress)
    else:
      _check_stream(source, split, scope, found, tally, quick, progress)
  if isinstance(source, folder.Folder):
    check_files.check_pairs(source, found, ~0 if strict else grant)
    check_files.check_unread(source, found)
  if strict:
    overlaps.check_splits(source, scopes, found)
  _judge(source, scopes, found, tally, quick, strict)
  splits = {split: {"samples": len(scope), **{
      kind: sum(bool(flags & flag) for flags in scope.values()) for kind, flag in _KINDS.items()}}
            for split, scope in scopes.items()}
  return report.Report(source.name, source.classes, splits, tally.pixels_of(scopes),
                       tally.tags_of(scopes), tally.size_range(), found.problems(), quick,
                       tuple(source.notes))


class _Tally:
  """Counts of pixels, tags and sizes."""

  def __init__(self, num_classes):
    self.num_classes = num_classes
    self.pixels, self.tagged, self.sizes, self.raw = {}, {}, [], {}

  def add_mask(self, split, raw, counts):
    """Adds histograms [256] of one mask: as stored, and as class ids."""
    whole = self.pixels.setdefault(split, np.zeros(256, np.int64))
    whole += counts
    raw_whole = self.raw.setdefault("masks", np.zeros(256, np.int64))
    raw_whole += raw
    self.raw["count"] = self.raw.get("count", 0) + 1

  def pixels_of(self, splits):
    """Returns a dict of split to C + 1 pixel counts, ignored pixels last."""
    return {split: [*self.pixels[split][:self.num_classes].tolist(),
                    int(self.pixels[split][fields.IGNORE_LABEL])]
            for split in splits if split in self.pixels}

  def tags_of(self, splits):
    """Returns a dict of split to C counts of images."""
    return {split: self.tagged[split].astype(int).tolist() for split in splits
            if split in self.tagged}

  def size_range(self):
    """Returns the smallest and the largest size by area, or None."""
    area = lambda size: size[0] * size[1]
    return (min(self.sizes, key=area), max(self.sizes, key=area)) if self.sizes else None


def _check_folder(source, split, scope, found, tally, quick, progress):
  masked = [name for name, flags in scope.items() if flags & fields.Supervision.MASK]
  if quick:
    masked = order.choose(masked, QUICK_MASKS, "quick look")
  masked = set(masked)
  legend = legends.Legend(found, 255 if source.remap is None else 256)
  inspect = lambda names: [check_files.inspect(
      source, name, name in masked, found, whole=not quick, legend=legend) for name in names]
  check_files.prepare(whole=not quick)
  names = list(scope)  # In pieces: handing over a single one costs more than a quick look at it.
  pieces = [names[start:start + _PIECE] for start in range(0, len(names), _PIECE)]
  with concurrent.futures.ThreadPoolExecutor(8) as pool:
    for size, raw in progress_lib.bar(
        itertools.chain.from_iterable(pool.map(inspect, pieces)), f"check {split}", len(names),
        show=progress):
      if size is not None:
        tally.sizes.append(tuple(size))
      if raw is not None:
        counts = raw if source.remap is None else np.bincount(
            source.remap, weights=raw, minlength=256).astype(np.int64)
        tally.add_mask(split, raw, counts)
  tally.tagged[split] = check_files.check_names(source, scope, found)
  if not quick:
    check_files.check_depth(source, scope, found)


def _check_stream(source, split, scope, found, tally, quick, progress):
  wanted = (fields.IMAGE, fields.MASK, fields.TAGS, fields.BOXES, fields.BOX_CLASSES)
  ids = order.choose(tuple(scope), QUICK_MASKS, "quick look") if quick else tuple(scope)
  grant = fields.Supervision(int(np.bitwise_or.reduce(list(scope.values()))))
  options = {"grant": grant, "wanted": (*wanted, fields.FRAMES)}
  known = all(part in source.splits() for part in split.split("+"))
  place = split if known else _split_of(source, ids)
  data = source.samples(place, ids=ids, **options)
  tags = np.zeros(source.num_classes)
  try:
    for sample in progress_lib.bar(data.as_numpy_iterator(), f"check {split}", len(ids),
                                   show=progress):
      tally.sizes.append(sample[fields.IMAGE].shape[:2])
      if fields.TAGS in sample:
        tags += sample[fields.TAGS] > 0
      if sample[fields.SUPERVISION] & fields.Supervision.MASK and fields.MASK in sample:
        counts = np.bincount(sample[fields.MASK].ravel(), minlength=256)
        tally.add_mask(split, counts, counts)
  except tf.errors.OpError as error:
    # One by one is slow where every sample is looked for from the start.
    most = None if isinstance(source, source_lib.RandomAccess) else 1
    # A broken frame breaks the samples around it too; only the first and the last are none.
    named = [*itertools.islice(broken.broken(source, place, ids, grant=grant, wanted=wanted), most)
             ] or [*itertools.islice(broken.broken(source, place, ids, **options), most)]
    for name, cause in named or [(split, error)]:
      words = decode.house_error(cause) or decode.reason(cause)
      found.add("sample error", name, str(words).replace("\n", " "))
  tally.tagged[split] = tags


def _split_of(source, ids):
  """Returns the joined splits that hold these ids."""
  holding = [split for split in source.splits() if _ids(source, split) & set(ids)]
  if not holding:
    raise errors.value_error("The ids are in no split.", expected="ids of the source",
                             received=", ".join(list(ids)[:5]), fix="Correct the id list.")
  return "+".join(holding)


def _ids(source, split):
  try:
    return set(source.ids(split))
  except ValueError:
    return set()  # Of a short video nothing may be left to hold out.


def _judge(source, scopes, found, tally, quick, strict):
  """Adds the problems that only the whole shows."""
  raw = tally.raw.get("masks")
  if raw is not None:
    held = set(np.flatnonzero(raw).tolist())
    count = tally.raw["count"]
    remapped = getattr(source, "remap", None) is not None
    pixels = sum(tally.pixels.values())
    if held == {0, fields.IGNORE_LABEL} and not remapped:
      found.add("binary masks", f"{count} masks looked at")
    elif not pixels[1:source.num_classes].any() and "unknown value" not in found:
      found.add("no foreground", f"{count} masks looked at")
  for split, scope in scopes.items() if strict and source.labelled else ():
    if split.startswith("train") and scope and not any(scope.values()):
      found.add("no labels", split)
    for name, flags in scope.items():
      if not flags:
        found.add("unlabelled", name)
  if quick or not strict:
    return
  seen = np.zeros(source.num_classes)
  for split in scopes:
    seen += tally.pixels.get(split, np.zeros(256))[:source.num_classes]
    seen += tally.tagged.get(split, 0)
  if seen.any():
    for label in np.flatnonzero(seen == 0):
      found.add("class without label", source.classes[label])

