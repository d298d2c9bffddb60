"""Search of the parameters of a dense CRF on a few labelled images, coarse to fine.

As in Chen et al. (2015) and Papandreou et al. (2015): about 100 held-out images, the spatial kernel
and the iterations fixed, the bilateral kernel searched on a grid and then around the best point.
"""
import contextlib
import dataclasses
import hashlib
import itertools
import json
import pathlib
import tempfile

import numpy as np
import tensorflow as tf

from keras_weakseg import errors, fields
from keras_weakseg.evaluation import metrics, refinement
from keras_weakseg.evaluation import samples as samples_lib
from keras_weakseg.files import json_files, schema
from keras_weakseg.files import parallel, staging
from keras_weakseg.ops import crf, crf_parameters
from keras_weakseg.ops.crf_parameters import CrfParameters
from keras_weakseg.tasks.segmentation.protocol import Protocol

# The papers searched weight 5..10, xy 50..100, rgb 3..10 for images of 500 pixels; published sets
# go down to 3, 21, 3. In every search the published sets of DeepLab compete too.
DEFAULT_GRID = {"bilateral_weight": (3, 5, 10), "bilateral_xy": (30, 50, 80),
                "bilateral_rgb": (3, 5, 10)}
PUBLISHED = ("deeplab_largefov", "deeplab_msc", "deeplab_coco", "deeplab_v2")
ROUNDS = 2
_TABLE = schema.record({
    "images": schema.map_of(schema.anything), "table": schema.list_of(schema.record(
        {"crf": schema.text, "mean_iou": schema.number}))})


def search(model, samples, *, grid=None, rounds=ROUNDS, protocol=None, output=None, progress=True):
  """Returns the CRF parameters with the highest mean IoU on some samples.

  First every point of the grid and the published sets of DeepLab; then `rounds` times the best
  point with each parameter of the grid half a step up and down. The network runs once per image.

  Args:
    model: `SegmentationModel`.
    samples: `tf.data.Dataset` of single samples with `image`, `mask` and `sample_id`.
    grid: dict of parameter of `CrfParameters` to values; what is not named has its default. None =
      `DEFAULT_GRID`.
    rounds: number of refinements, >= 0.
    protocol: `Protocol` or its dict of everything but the CRF; None = the default one.
    output: path of a JSON table of all that was tried, written after every step; a search that was
      stopped continues from it. None = no table.
    progress: show progress bars on a terminal.

  Returns:
    dict of plain JSON values: `crf` (for `protocol.crf`), `mean_iou` with it, `mean_iou_without`,
    `samples`, `table` (list of dicts of `crf` and `mean_iou`, best first).

  Raises:
    ValueError: the grid cannot be used, there is nothing to evaluate, or `output` holds the search
      of another model or other images.
  """
  protocol = refinement.unrefined(Protocol.from_dict(protocol or {}))
  grid = _checked(DEFAULT_GRID if grid is None else grid)
  with tempfile.TemporaryDirectory(prefix="keras_weakseg_crf_") as folder:
    images = _Images(model, samples, protocol, folder, progress)
    table = _Table(output, images)
    start = [CrfParameters(**dict(zip(grid, values)))
             for values in itertools.product(*grid.values())]
    published = [crf_parameters.NAMED[name] for name in PUBLISHED]
    _measure(images, table, [*start, *published], "grid", progress)
    for number in range(1, rounds + 1):
      around = _around(table.best(), grid, 2 ** number)
      _measure(images, table, around, f"refinement {number}", progress)
  best = table.best()
  return {"crf": best.text(), "mean_iou": table.rows[best.text()],
          "mean_iou_without": images.score([images.without]), "samples": len(images),
          "table": [{"crf": text, "mean_iou": value} for text, value in table.ranked()]}


def report(result, shown=8):
  """Returns the result of `search` as text for people.

  Args:
    result: dict that `search` returned.
    shown: number of rows of the table.
  """
  gain = 100 * (result["mean_iou"] - result["mean_iou_without"])
  lines = [f"{100 * row['mean_iou']:6.2f}  {row['crf']}" for row in result["table"][:shown]]
  return "\n".join([
      f"mean IoU of {result['samples']} images: {100 * result['mean_iou_without']:.2f} without a "
      f"CRF, {100 * result['mean_iou']:.2f} with the best of {len(result['table'])} "
      f"({gain:+.2f})", *lines, f"crf: {result['crf']}"])


class _Images:
  """What the network says of every image, kept in files, and what is true."""

  def __init__(self, model, samples, protocol, folder, progress):
    self._folder, self._classes, self._protocol = pathlib.Path(folder), model.num_classes, protocol
    self.known, names = [], hashlib.sha256()
    for sample in samples_lib.bar(samples, "tune-crf: network", progress):
      image, truth = sample[fields.IMAGE], sample[fields.MASK].numpy()
      np.save(self._path(len(self.known)), model.probabilities(image[tf.newaxis], protocol)[0])
      self.known.append((image.numpy(), truth))
      names.update(sample[fields.SAMPLE_ID].numpy() + b"\n")
    self.without = sum(
        (self._confusion(index, self._load(index)) for index in range(len(self.known))),
        np.zeros([model.num_classes] * 2, np.int64))
    if not self.without.any():
      raise errors.value_error(
          "There is nothing to tune on.", expected="masks with pixels of a class",
          received=f"{len(self.known)} samples", fix="Name a split with masks that may be read.")
    # Another model answers otherwise somewhere, so its own matrix names it.
    self.fingerprint = {"samples": len(self.known), "sample_ids": names.hexdigest()[:16],
                        "protocol": protocol.as_dict(), "without": self.without.tolist()}

  def __len__(self):
    return len(self.known)

  def _path(self, index):
    return self._folder / f"{index:06d}.npy"

  def _load(self, index):
    return np.load(self._path(index))

  def _confusion(self, index, probabilities):
    return metrics.confusion_matrix(self.known[index][1], np.argmax(probabilities, -1),
                                    self._classes, self._protocol.ignore)

  def confusions(self, index, candidates):
    """Returns one matrix for every candidate, int64 [C, C] each, of one image."""
    unary = crf.unary_from_probabilities(self._load(index))
    return [self._confusion(index, crf.dense_crf(unary, self.known[index][0],
                                                 **candidate.as_dict()))
            for candidate in candidates]

  def score(self, matrices):
    """Returns the mean IoU of the sum of confusion matrices."""
    return metrics.mean_iou(np.sum(matrices, 0), self._protocol.present_only)


class _Table:
  """What was tried: text of the parameters to mean IoU, in a file that is always whole."""

  def __init__(self, path, images):
    self._path = None if path is None else pathlib.Path(path)
    self._images, self.rows = images.fingerprint, {}
    if self._path is not None and self._path.exists():
      self.rows = self._read()

  def _read(self):
    try:
      found = json_files.read_json(self._path, "table of a search", _TABLE)
      images, rows = found["images"], {row["crf"]: row["mean_iou"] for row in found["table"]}
    except ValueError as error:
      raise errors.value_error(
          f"'{self._path}' is no table of a search.", expected="what an earlier search wrote",
          received=error, fix="Choose another output, or delete the file.") from error
    if images != self._images:
      raise errors.value_error(
          f"'{self._path}' is the table of another search.",
          expected="the same model, images and protocol", received=", ".join(
              key for key in self._images if images.get(key) != self._images[key]) + " differ",
          fix="Choose another output, or delete the file to start anew.")
    return rows

  def add(self, scores):
    """Adds a dict of text to mean IoU."""
    self.rows.update(scores)
    if self._path is not None:
      rows = [{"crf": text, "mean_iou": value} for text, value in self.ranked()]
      staging.write_whole(self._path, json.dumps(
          {"images": self._images, "table": rows}, indent=1).encode())

  def ranked(self):
    """Returns (text, mean IoU), best first; of equal ones the first in the alphabet."""
    return sorted(self.rows.items(), key=lambda row: (-row[1], row[0]))

  def best(self):
    """Returns the parameters of the highest mean IoU."""
    return CrfParameters.parse(self.ranked()[0][0])


def _measure(images, table, candidates, name, progress):
  """Adds the candidates that are not in the table; those of one lattice together."""
  new = {candidate.text(): candidate for candidate in candidates
         if candidate.text() not in table.rows}
  groups = {}
  for candidate in new.values():
    lattice = candidate.bilateral_xy, candidate.bilateral_rgb, candidate.spatial_xy
    groups.setdefault(lattice, []).append(candidate)
  with contextlib.closing(samples_lib.bar(
      None, f"tune-crf: {name}", progress, len(images) * len(new))) as bar:
    for group in groups.values():
      total = np.zeros([len(group), *images.without.shape], np.int64)
      for found in parallel.in_order(
          lambda index, group=group: images.confusions(index, group), range(len(images))):
        total += found
        bar.update(len(group))
      table.add({candidate.text(): images.score([matrix])
                 for candidate, matrix in zip(group, total)})


def _around(best, grid, divisor):
  """Returns the best parameters with one of the grid's at a time moved by a part of its step."""
  found = []
  for name, values in grid.items():
    if len(values) < 2 or name == "iterations" or isinstance(values[0], str):
      continue
    now = getattr(best, name)
    nearest = min(range(len(values)), key=lambda index: abs(values[index] - now))
    step = max(abs(values[other] - values[nearest])
               for other in (nearest - 1, nearest + 1) if 0 <= other < len(values)) / divisor
    lowest = 0 if name.endswith("weight") else step / 2
    found += [dataclasses.replace(best, **{name: float(f"{value:.4g}")})
              for value in (now - step, now + step) if value >= lowest]
  return found


def _checked(grid):
  """Returns the grid with sorted values; refuses what is no parameter or no value of one."""
  known = [field.name for field in dataclasses.fields(CrfParameters)]
  checked = {}
  for name, values in dict(grid).items():
    errors.check_name("parameter of a CRF", name, known)
    values = [values] if isinstance(values, (int, float, str)) else list(values)
    if not values:
      raise errors.value_error(
          f"The grid has no value for '{name}'.", expected="one or more", received=values,
          fix="Leave the parameter out for its default.")
    checked[name] = sorted({getattr(CrfParameters(**{name: value}), name) for value in values})
  return checked
