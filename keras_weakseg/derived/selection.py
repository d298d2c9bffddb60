"""Which images to annotate, chosen without labels by a network of an earlier step, as a step."""
import dataclasses
import pathlib
from typing import Annotated

import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import broken
from keras_weakseg.derived import base
from keras_weakseg.derived import network_features
from keras_weakseg.files import progress as progress_lib
from keras_weakseg.files import writing
from keras_weakseg.ops import resize
from keras_weakseg.options import CountOrNone, Length, OneOf, Range, Share, Weight
from keras_weakseg.selection import features as pooling
from keras_weakseg.selection import record
from keras_weakseg.selection import rounds
from keras_weakseg.selection import sheet
from keras_weakseg.selection import uncertainty as uncertainties

RECORD, SHEET, IDS = "selection.json", "selection.png", "ids.txt"
_SHOWN = 60


class Selection(base.Maker):
  """Chooses images for annotation (Hoyer et al., CVPR 2021, section 3.5).

  `diversity`: every next image is the one whose features are least like those of all chosen before.
  `uncertainty` adds, or takes alone, where a student errs that was trained on what is chosen; each
  of its rounds is a step of its own, after the step of its student. Nothing but images is read.

  Args:
    context: `base.MakeContext`.
    source: name of the source of the images; empty = the first.
    split: of it, or several joined by `+`.
    counts: images chosen after each round, rising.
    criterion: `diversity`, `diversity_uncertainty` (the paper's), `uncertainty`, `entropy` or
      `random`.
    round: 1 = the first round, 2 = the second, ...; 0 = all of them, where no student is asked.
    features_of: the step whose network compares images; empty = the first that is read.
    after: the step of the round before; of a first round empty.
    student: the step of the student: of depth, which is compared with `features_of`, or of
      segmentation, whose entropy counts.
    layer: of the network: see `NetworkFeatures`; empty = the decoder's map, or the last features.
    size: (height, width) at which that network, or a student of segmentation, sees the images;
      empty = as in training, and a student of segmentation as they are. A student of depth sees
      what it learned from.
    grid: (rows, columns) that features are averaged to.
    pool: `mean` or `max` of every cell.
    weight: of the uncertainty beside distances of standardised features.
    bottom: rows from this share of the height on do not count for uncertainty: a car's bonnet.
  """

  def __init__(self, context, *, source: str = "", split: str = "train",
               counts: tuple[int, ...] = (50,),
               criterion: Annotated[str, OneOf(rounds.CRITERIA)] = rounds.DIVERSITY,
               round: CountOrNone = 0,  # pylint: disable=redefined-builtin
               features_of: str = "", after: str = "", student: str = "", layer: str = "",
               size: Annotated[tuple[int, ...], Length(0, 2), Range(1, 1 << 13)] = (),
               grid: Annotated[tuple[int, ...], Length(2), Range(1)] = pooling.GRID,
               pool: Annotated[str, OneOf(pooling.POOLS)] = pooling.MEAN,
               weight: Weight = uncertainties.WEIGHT, bottom: Share = 1.0):
    super().__init__(context)
    self.source, self.split = context.source(source), split
    self.settings = rounds.Settings(counts, criterion, weight, context.seed)
    self.round, self.after, self.student = round, after, student
    self.features_of = features_of or next(iter(context.reads), "")
    self.layer, self.size, self.grid, self.pool = layer, size, tuple(grid), pool
    self.bottom = bottom
    self._check_rounds()

  def _check_rounds(self):
    total = len(self.settings.counts)
    asked = {name for number in self._numbers() for name in rounds.needs(self.settings, number)}
    if self.round > total:
      problem = "There is no such round.", f"round of 0..{total}", self.round
    elif "student" in asked and (not self.round or not self.student):
      problem = (f"The criterion '{self.settings.criterion}' asks for a student in every round "
                 "but the first.", "a step per round, with `round` and `student`",
                 f"round={self.round}, student={self.student!r}")
    elif (self.round > 1) != bool(self.after):
      problem = ("A round goes on from the one before.", "`after` in every round but the first",
                 f"round={self.round}, after={self.after!r}")
    elif self.settings.counts[-1] > len(self._ids()):
      problem = ("There are fewer images than shall be chosen.",
                 f"counts up to {len(self._ids())}", self.settings.counts[-1])
    else:
      return
    raise errors.value_error(problem[0], expected=problem[1], received=problem[2],
                             fix="Correct the options of `make.selection`.")

  def _numbers(self):
    """Returns the numbers of the rounds of this step, from 0."""
    return [self.round - 1] if self.round else range(len(self.settings.counts))

  def _ids(self):
    return tuple(self.source.ids(self.split))

  def lines(self):
    counts = [self.settings.counts[number] for number in self._numbers()]
    return [f"{counts[-1]} of {len(self._ids())} images of '{self.split}' of {self.source.name}, "
            f"by {self.settings.criterion.replace('_', ' and ')}"
            + (f" after '{self.after}'" if self.after else "")]

  def identity(self):
    return {"source": self.source.fingerprint(), "ids": list(self._ids())}

  def make(self, directory, progress=True):
    """See `base.Maker.make`: `selection.json`, `ids.txt` and a sheet of what was chosen and why."""
    directory, ids = pathlib.Path(directory), self._ids()
    chosen = ()
    if self.after:
      before = pathlib.Path(self.context.reads[self.after].directory) / RECORD
      chosen = record.read(before, ids, self.settings).choices
    asked = {name for number in self._numbers() for name in rounds.needs(self.settings, number)}
    teacher, student = self._models(asked)
    maps, doubts, doubt_maps = self._looked_at(ids, asked, teacher, student, progress)
    for _ in self._numbers():
      chosen += rounds.next_round(ids, chosen, self.settings, maps, doubts)
    self._draw(directory / SHEET, chosen, doubt_maps)
    writing.write_whole(directory / IDS, "".join(f"{choice.id}\n" for choice in chosen))
    # The last one says that the selection is whole.
    record.write(directory / RECORD, ids, self.settings, self.source.fingerprint(), chosen)
    return {"ids": [choice.id for choice in chosen], "criterion": self.settings.criterion}

  def _models(self, asked):
    """Returns the models of the step that compares and of the student, where they are asked."""
    depth = "student" in asked and self.settings.criterion != rounds.ENTROPY
    teacher = self.context.models(self.features_of) if "features" in asked or depth else None
    if depth and self.size:
      teacher = dataclasses.replace(teacher, size=self.size)  # As of the maps its student learned.
    return teacher, self.context.models(self.student) if "student" in asked else None

  def _looked_at(self, ids, asked, teacher, student, progress):
    """Returns the features of all images, their uncertainty, and a map of it of each; or None."""
    extract = None
    if "features" in asked:
      extract = network_features.NetworkFeatures(teacher, self.layer, self.size)
    if not asked:
      return None, None, None
    maps, doubts, doubt_maps = [], [], {}
    samples = broken.read_samples(self.source, self.split, ids, grant=fields.Supervision.NONE,
                                  wanted=(fields.IMAGE, fields.SAMPLE_ID))
    for sample in progress_lib.bar(samples, "selection", len(ids), show=progress):
      image = sample[fields.IMAGE]
      if extract is not None:
        maps.append(pooling.pool_features(extract(image)[None], self.grid, self.pool)[0])
      if student is not None:
        doubt = self._doubt(image, teacher, student)
        doubts.append(float(np.mean(doubt, dtype=np.float64)))
        doubt_maps[sample[fields.SAMPLE_ID].decode()] = doubt[::4, ::4]
    return (np.stack(maps) if maps else None), (doubts or None), (doubt_maps or None)

  def _doubt(self, image, teacher, student):
    """Returns float [H,W]: where the student errs, or is not sure."""
    if self.settings.criterion == rounds.ENTROPY:
      if self.size:
        image = np.rint(resize.resize_aligned(image[None], self.size)[0]).astype(np.uint8)
      return uncertainties.entropy(np.asarray(student.probabilities(image[None]))[0])
    said = [_stretched(np.asarray(model.disparity(image[None]))[0]) for model in (student, teacher)]
    return uncertainties.depth_error(*said, bottom=self.bottom)

  def _draw(self, path, chosen, doubt_maps):
    shown = chosen[:_SHOWN]
    images = {sample[fields.SAMPLE_ID].decode(): sample[fields.IMAGE]
              for sample in broken.read_samples(
                  self.source, self.split, tuple(choice.id for choice in shown),
                  grant=fields.Supervision.NONE, wanted=(fields.IMAGE, fields.SAMPLE_ID))}
    sheet.draw(path, shown, images, doubt_maps,
               title=f"{len(chosen)} images of {self.source.name} to annotate, by "
               f"{self.settings.criterion.replace('_', ' and ')}"
               + (f"; the first {_SHOWN}" if len(chosen) > _SHOWN else ""))


def _stretched(disparity):
  """Returns disparity from 0 (farthest pixel) to 1."""
  low, high = float(disparity.min()), float(disparity.max())
  return (disparity - low) / (high - low) if high > low else np.zeros_like(disparity)
