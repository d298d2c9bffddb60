"""What a teacher sees of depth, kept on disk: one disparity map per image, made once."""
import dataclasses
import pathlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import with_disparity
from keras_weakseg.evaluation.drawing import depth_pictures
from keras_weakseg.evaluation.drawing import sheets

IMAGE, NONE = "image", "none"
BITS = (8, 16)
SHOWN = 12
_TILE, _ACROSS = 240, 2
_ROUNDING = 1e-4
# Raised when the same settings would give other disparity maps than before.
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class DisparityMaps:
  """How disparity is stored.

  Attributes:
    normalise: `none`: sigmoid disparity as the network gives it, 0..1; `image`: the farthest point
      of every image becomes 0, the nearest 1, whatever the scale, as DepthMix and the selection of
      images want it.
    bits: of a stored value. The reference of Hoyer et al. (CVPR 2021) stores 8: 256 levels.

  Raises:
    ValueError: a value cannot be used.
  """
  normalise: str = NONE
  bits: int = 16

  def __post_init__(self):
    errors.check_name("normalisation of disparity", self.normalise, (IMAGE, NONE))
    if self.bits not in BITS:
      raise errors.value_error(
          "Disparity cannot be stored with this precision.", expected="8 or 16 bits",
          received=self.bits, fix="Pass bits=16.")

  def stored(self, disparity):
    """Returns what the file holds: uint8 or uint16 [H, W], 0 = farthest, all bits set = 1.

    Args:
      disparity: float [H, W], larger = closer; without `normalise` in 0..1.

    Example:
      >>> DisparityMaps(IMAGE, bits=8).stored(np.array([[2.0, 4.0, 3.0]])).tolist()
      [[0, 255, 128]]
    """
    values = np.asarray(disparity, np.float64)
    if self.normalise == IMAGE:
      low, high = values.min(), values.max()
      values = (values - low) / (high - low) if high > low else np.zeros_like(values)
    values = np.clip(values, 0, 1)
    return np.rint(values * (2 ** self.bits - 1)).astype(f"uint{self.bits}")


def write_disparity_maps(source, disparity_fn, folder, split="train", *, ids=None, model_hash,
                         normalise=NONE, bits=16, batch_size=1, workers=None, progress=True):
  """Makes what `disparity_fn` says of all samples that have no disparity map yet.

  The result is a folder of grey PNGs, `<id>.png`, larger = closer, with `disparity_maps.json` (what
  they are) and `disparity_maps.png` (how they look); `WithDisparity` reads them. Files appear whole
  or not at all: an interrupted call is continued by the same call, and several splits may share a
  folder, if their ids differ.

  Args:
    source: a data source. Nothing but images is read.
    disparity_fn: function of uint8 RGB [N, H, W, 3] to float [N, H, W], larger = closer; in 0..1,
      unless `normalise` is `image`.
    folder: where to write; made if needed.
    split: of the source, or several joined by `+`.
    ids: ids of the split, None = all.
    model_hash: a text that changes with the model; a folder holds maps of one.
    normalise, bits: see `DisparityMaps`.
    batch_size: images that the function gets at once; only images of one size go together.
    workers: threads that write files, None = one per core.
    progress: whether to draw a progress bar.

  Returns:
    `pathlib.Path` of the folder.

  Raises:
    ValueError: the folder holds maps of another model, of another source or with other settings; an
      image cannot be read; or the function gives no disparity.
  """
  settings, folder = DisparityMaps(normalise, bits), pathlib.Path(paths.expand(folder))
  if batch_size < 1:
    raise errors.value_error("The batch holds no images.", expected="batch_size of 1 or more",
                             received=batch_size, fix="Pass batch_size=1.")
  chosen = source.ids(split) if ids is None else tuple(ids)
  with_disparity.KIND.check_ids(source, split, chosen, "no ids")
  source.supervision(split, fields.Supervision.NONE, chosen)  # Refuses ids of other splits.
  with_disparity.KIND.claim(folder, {
      "version": _VERSION, "model": str(model_hash), "source": source.origin.name,
      **dataclasses.asdict(settings)})
  missing = with_disparity.KIND.absent(folder, chosen)
  if missing:
    found = _predicted(source, split, missing, disparity_fn, settings, batch_size)
    map_folder.make(lambda item: _write(folder, settings, *item), found, len(missing),
                    with_disparity.KIND.noun, workers, progress)
  if missing or not (folder / with_disparity.KIND.sheet).exists():
    _write_sheet(source, split, chosen, folder)
  return folder


def _predicted(source, split, ids, disparity_fn, settings, batch_size):
  """Yields (id, image, disparity [H, W]), as many at once as fit in a batch and have one size."""
  batch = []
  for sample in broken.read_samples(source, split, ids, grant=fields.Supervision.NONE,
                                    wanted=(fields.IMAGE, fields.SAMPLE_ID)):
    full = len(batch) == batch_size
    if batch and (full or batch[0][fields.IMAGE].shape != sample[fields.IMAGE].shape):
      yield from _answers(batch, disparity_fn, settings)
      batch = []
    batch.append(sample)
  yield from _answers(batch, disparity_fn, settings)


def _answers(batch, disparity_fn, settings):
  """Yields (id, image, disparity [H, W]) of samples of one size."""
  images = np.stack([sample[fields.IMAGE] for sample in batch])
  disparity = np.asarray(disparity_fn(images))
  if disparity.shape != images.shape[:3]:
    raise errors.value_error(
        "The function gives no disparity of the size of the images.",
        expected=f"float {list(images.shape[:3])}", received=list(disparity.shape),
        fix="Resize its answers to the images, and leave out the axis of channels.")
  for sample, values in zip(batch, disparity):
    name = sample[fields.SAMPLE_ID].decode()
    _check_values(name, values, settings)
    yield name, sample[fields.IMAGE], values


def _check_values(name, values, settings):
  finite = bool(np.isfinite(values).all())
  # Bringing depth or scaled disparity back to the sigmoid's rounds a little.
  low, high = -_ROUNDING, 1 + _ROUNDING
  inside = settings.normalise == IMAGE or low <= values.min() <= values.max() <= high
  if not finite or not inside:
    raise errors.value_error(
        f"The disparity of '{name}' cannot be stored.",
        expected="finite values" if settings.normalise == IMAGE else "values in 0..1",
        received=f"{values.min():g} to {values.max():g}" if finite else "NaN or infinity",
        fix="Pass the network's sigmoid disparity, or normalise='image'." if finite else
        "Look at the model: its training may have diverged.")


def _write(folder, settings, name, image, disparity):
  png = tf.io.encode_png(tf.constant(settings.stored(disparity))[..., tf.newaxis])
  with_disparity.KIND.write(folder, name, png.numpy(), image)


def _write_sheet(source, split, ids, folder):
  """Draws some of the maps beside their images."""
  record = with_disparity.KIND.read_record(folder)
  samples = with_disparity.WithDisparity(source, folder).samples(
      split, ids=tuple(map_folder.spread(ids, SHOWN)), grant=fields.Supervision.NONE,
      wanted=(fields.IMAGE, fields.SAMPLE_ID, fields.DISPARITY))
  rows = []
  for sample in samples.as_numpy_iterator():
    disparity = np.maximum(sample[fields.DISPARITY], 1e-6)  # 0 would be drawn as unknown.
    rows.append({"image": sample[fields.IMAGE], "name": sample[fields.SAMPLE_ID].decode(),
                 "disparity": depth_pictures.colorize_disparity(disparity)})
  how = "0..1 in every image" if record["normalise"] == IMAGE else "as predicted"
  sheets.contact_sheet(
      rows, folder / with_disparity.KIND.sheet, ("image", "disparity"), classes=(), palette=(),
      tile=_TILE, across=_ACROSS, title=f"Disparity of {source.name}, {how}, bright = near; "
      f"model {record['model'][:16]}")
