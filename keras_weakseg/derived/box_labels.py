"""Label maps made from boxes, as a step."""
from typing import Annotated, Tuple

from keras_weakseg import fields
from keras_weakseg.data.sources import box_labels
from keras_weakseg.data.sources import label_maps
from keras_weakseg.derived import base
from keras_weakseg.ops import boxes as box_ops
from keras_weakseg.options import OneOf, Range


class BoxLabels(base.Maker):
  """Makes one label map per image with boxes; see `kw.make_label_maps`.

  The maps lie in a cache, in a folder that a hash of all they are made from names, so that several
  runs share them.

  Args:
    context: `base.MakeContext`.
    source: name of the source; empty = the first.
    split: of it, or several joined by `+`.
    kind: `rect` (Bbox-Rect) or `seg` (Bbox-Seg).
    alpha: share of a box that is its core, for `seg`.
    mode: `soft` or `hard`, for `seg`.
    crf: name or text of the CRF's parameters, for `seg`.
    jobs: sources and ids instead of a whole split, from a method whose bundle is known.
  """

  shared = False  # Caches may lie on disks of single machines.
  carries = (fields.BOX_LABELS,)

  def __init__(self, context, *, source: str = "", split: str = "train",
               kind: Annotated[str, OneOf((label_maps.RECT, label_maps.SEG))] = label_maps.SEG,
               alpha: Annotated[float, Range(0, 1, True, True)] = 0.2,
               mode: Annotated[str, OneOf(box_ops.MODES)] = "soft", crf: str = "bbox_seg",
               jobs=None):
    super().__init__(context)
    self.settings = label_maps.BoxMaps(kind, alpha, mode, crf)
    if jobs is None:
      whole = context.source(source)
      jobs = [(whole, {"split": split, "ids": box_labels.boxed_ids(whole, split)})]
    self.jobs = [(inner, job) for inner, job in jobs if job["ids"]]
    self.without = [inner for inner, job in jobs if not job["ids"]]

  def _folder(self, source):
    return label_maps.folder_of(source, self.settings, self.context.cache_dir)

  def lines(self):
    made = [(source, job["ids"], self._folder(source)) for source, job in self.jobs]
    return [
        f"{source.name}: {len(ids)} {self.settings.kind} label maps of boxes, "
        f"{len(box_labels.KIND.absent(folder, ids))} to be made, in {folder}"
        for source, ids, folder in made
    ] + [f"{source.name}: no boxes that may be read, so its masks alone teach"
         for source in self.without]

  def identity(self):
    return {"maps": [[self._folder(source).name, list(job["ids"])] for source, job in self.jobs]}

  def complete(self, directory):
    """See `base.Maker.complete`: the cache may have been emptied."""
    return not any(box_labels.KIND.absent(self._folder(source), job["ids"])
                   for source, job in self.jobs)

  def make(self, directory, progress=True):
    settings = self.settings
    folders = [label_maps.make_label_maps(
        source, kind=settings.kind, alpha=settings.alpha, mode=settings.mode, crf=settings.crf,
        cache_dir=self.context.cache_dir, progress=progress, **job) for source, job in self.jobs]
    return {"folders": [str(folder) for folder in folders]}

  @classmethod
  def wrap(cls, source, directory):
    from keras_weakseg.derived import results  # pylint: disable=g-import-not-at-top
    folder, = results.read(directory)["folders"]
    return box_labels.WithBoxLabels(source, folder)


def jobs_of(bundle) -> Tuple:
  """Returns pairs of source and what is made of it, for a bundle of `WithBoxLabels` sources."""
  made = []
  for source in dict.fromkeys(part.source for part in bundle.parts):
    splits, boxed, masked = [], {}, set()
    for part, ids in zip(bundle.parts, bundle.ids):
      if part.source is source and fields.may_read(fields.BOX_LABELS, part.supervision):
        splits += source.parts_of(part.split)
        boxed.update(dict.fromkeys(box_labels.boxed_ids(source.inner, part.split, ids)))
        if fields.may_read(fields.MASK, part.supervision):
          masked.update(ids)
    made.append((source.inner, {"split": "+".join(dict.fromkeys(splits)), "ids": tuple(boxed),
                                "sheet_masks": masked}))
  return tuple(made)
