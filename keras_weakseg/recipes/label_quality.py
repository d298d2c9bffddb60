"""How good label maps made from boxes are, before any training, and the settings that make them so.

Both read true masks, which is research: only what the caller names is looked at.
"""
import itertools
import pathlib

import numpy as np

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.evaluation import metrics
from keras_weakseg.files import json_files
from keras_weakseg.files import parallel
from keras_weakseg.files import progress as progress_lib
from keras_weakseg.files import schema
from keras_weakseg.files import writing
from keras_weakseg.ops import crf_parameters


def measure_label_maps(data: arguments.Source, folder: arguments.Path, split: str = "train", *,
                       ids: arguments.Texts | None = None) -> dict:
  """Returns the figures of label maps against the true masks.

  Args:
    data: data source with boxes and masks.
    folder: what `make_label_maps` returned.
    split: of the source, or several joined by `+`.
    ids: ids of the split, None = all that have both.

  Returns:
    Dict with `mean_iou`, `pixel_accuracy`, `class_iou` (dict of class name to IoU or None) and
    `samples`.

  Raises:
    ValueError: no sample has both.
    FileNotFoundError: a label map is missing.
  """
  from keras_weakseg.data.sources import box_labels  # pylint: disable=g-import-not-at-top
  both = _with_masks(data, split, ids)
  wanted = (fields.IMAGE, fields.SAMPLE_ID, fields.MASK, fields.BOX_LABELS)
  samples = box_labels.WithBoxLabels(data, folder).samples(split, ids=both, wanted=wanted)
  matrix = np.zeros([data.num_classes] * 2, np.int64)
  for sample in samples.as_numpy_iterator():
    matrix += metrics.confusion_matrix(
        sample[fields.MASK], sample[fields.BOX_LABELS], data.num_classes)
  return {**figures_of(matrix, data.classes), "samples": len(both)}


def measure_tag_labels(source, folder, split="train"):
  """Returns the figures of label maps made from tags against the true masks.

  Args:
    source: data source; of one with weak categories, the masks of all are read for this.
    folder: directory of the finished step that made them, such as `runs/new/maps`.
    split: of the source, or several joined by `+`.

  Returns:
    Dict as of `measure_label_maps`.

  Raises:
    ValueError: no sample has both.
  """
  # pylint: disable-next=g-import-not-at-top
  from keras_weakseg.data.readers import decode
  from keras_weakseg.data.sources import tag_labels, weak_categories
  source = weak_categories.whole(source)
  chosen = source.ids(split)
  flags = source.supervision(split, fields.Supervision.MASK, chosen)
  lacking = set(tag_labels.KIND.absent(folder, chosen))
  both = tuple(name for name, flag in zip(chosen, flags) if flag and name not in lacking)
  if not both:
    raise errors.value_error(
        f"The label maps of '{source.name}' cannot be judged.",
        expected=f"samples of '{split}' with a mask and a map in '{folder}'", received="none",
        fix="Name the step that made them, and a split whose masks are there.")
  matrix = np.zeros([source.num_classes] * 2, np.int64)
  wanted = (fields.IMAGE, fields.SAMPLE_ID, fields.MASK)
  for sample in source.samples(split, ids=both, wanted=wanted).as_numpy_iterator():
    name, mask = sample[fields.SAMPLE_ID].decode(), sample[fields.MASK]
    found = decode.decode_mask(tag_labels.KIND.path(folder, name).read_bytes(),
                               source.num_classes, name, image_shape=mask.shape).numpy()
    unknown = found == fields.IGNORE_LABEL
    matrix += metrics.confusion_matrix(
        np.where(unknown, fields.IGNORE_LABEL, mask), np.where(unknown, 0, found),
        source.num_classes)
  return {**figures_of(matrix, source.classes), "samples": len(both)}


def tune_label_maps(data: arguments.Source, split: str = "train", *, table: arguments.Path,
                    ids: arguments.Texts | None = None, count: int = 100, seed: int = 0,
                    alphas: arguments.Floats = (0.2, 0.35, 0.5, 0.65, 0.8),
                    modes: arguments.Texts = ("soft",), crfs: arguments.Crfs = ("bbox_seg",),
                    workers: int | None = None, progress: bool = True) -> list:
  """Searches how Bbox-Seg finds objects best, on a few masks that are held out for it.

  The paper searched the share of the core from 20 to 80 % on 100 images. Nothing else of the split
  is read, and no label map is kept.

  Args:
    data: data source with boxes and masks.
    split: of the source.
    table: path of a JSON table that is written after every row; rows that it already holds are not
      computed again.
    ids: ids of the split, None = `count` of those that have both, by hash.
    count: how many; 0 = all.
    seed: seed of that hash.
    alphas: values to try, as of `make_label_maps`, with each of the others.
    modes: values to try.
    crfs: values to try.
    workers: threads, None = one per core.
    progress: whether to draw a progress bar.

  Returns:
    List of rows, best first: dicts with `alpha`, `mode`, `crf` (text), `mean_iou`,
    `pixel_accuracy` and `class_iou`.

  Raises:
    ValueError: no sample has both, or the table belongs to other samples.
  """
  from keras_weakseg.data.pipeline import order  # pylint: disable=g-import-not-at-top
  from keras_weakseg.data.sources import label_maps  # pylint: disable=g-import-not-at-top
  chosen = _with_masks(data, split, ids)
  chosen = order.choose(chosen, count, seed) if count and ids is None else chosen
  rows = _known(table, data, chosen)
  crfs = [crf if isinstance(crf, crf_parameters.CrfParameters) else
          crf_parameters.CrfParameters.parse(crf) for crf in crfs]
  grid = [label_maps.BoxMaps("seg", *values) for values in itertools.product(alphas, modes, crfs)]
  todo = [settings for settings in grid if not _find(rows, settings)]
  samples = _samples(data, split, chosen) if todo else []
  for settings in progress_lib.bar(todo, "tune label maps", unit="row", show=progress):
    rows.append({**_key(settings), **_score(samples, settings, data, workers)})
    _write(table, data, chosen, rows)
  found = [_find(rows, settings) for settings in grid]
  return sorted(found, key=lambda row: -row["mean_iou"])


def _score(samples, settings, source, workers):
  def judge(sample):
    found = settings.draw(sample[fields.IMAGE], sample[fields.BOXES], sample[fields.BOX_CLASSES],
                          source.num_classes)
    unknown = found == fields.IGNORE_LABEL  # crowds
    return metrics.confusion_matrix(
        np.where(unknown, fields.IGNORE_LABEL, sample[fields.MASK]), np.where(unknown, 0, found),
        source.num_classes)

  matrices = parallel.in_order(judge, samples, workers)
  return figures_of(sum(matrices), source.classes)


def figures_of(matrix, classes):
  """Returns the figures of a confusion matrix: a dict as of `measure_label_maps`, no `samples`.

  Args:
    matrix: int [C,C], rows = truth.
    classes: C names.
  """
  iou = [None if np.isnan(value) else float(value) for value in metrics.class_iou(matrix)]
  return {"mean_iou": metrics.mean_iou(matrix), "pixel_accuracy": metrics.pixel_accuracy(matrix),
          "class_iou": dict(zip(classes, iou))}


def _samples(source, split, ids):
  wanted = (fields.IMAGE, fields.SAMPLE_ID, fields.MASK, fields.BOXES, fields.BOX_CLASSES)
  return list(source.samples(split, ids=ids, wanted=wanted).as_numpy_iterator())


def _with_masks(source, split, ids):
  """Returns the ids that have boxes and a mask, in stored order."""
  both = fields.Supervision.MASK | fields.Supervision.BOXES
  chosen = source.ids(split) if ids is None else tuple(ids)
  flags = source.supervision(split, both, chosen)
  found = tuple(name for name, flag in zip(chosen, flags) if flag & both == both)
  if not found:
    raise errors.value_error(
        f"The label maps of '{source.name}' cannot be judged.",
        expected=f"samples of the split '{split}' with boxes and a mask", received="none",
        fix="Name a split that has both, or correct the places of masks and boxes.")
  return found


def _key(settings):
  return {"alpha": settings.alpha, "mode": settings.mode, "crf": settings.crf.text()}


def _find(rows, settings):
  wanted = _key(settings)
  return next((row for row in rows if all(row[key] == wanted[key] for key in wanted)), None)


def _known(table, source, ids):
  """Returns the rows of a table; refuses one that was made from other samples."""
  path = pathlib.Path(table)
  if not path.exists():
    return []
  content = json_files.read_json(path, "table", schema.record({"rows": schema.list_of(
      schema.map_of(schema.anything))}), nan=True, fix="Name another table, or delete this one.")
  if content.get("data") != _data(source, ids):
    raise errors.value_error(
        f"The table '{path}' was made from other samples.", expected=content.get("data"),
        received=_data(source, ids), fix="Name another table, or delete this one.")
  return content["rows"]


def _write(table, source, ids, rows):
  writing.write_json(table, {"data": _data(source, ids), "rows": rows})


def _data(source, ids):
  return {"fingerprint": source.fingerprint(), "content": source.box_content(), "ids": list(ids)}
