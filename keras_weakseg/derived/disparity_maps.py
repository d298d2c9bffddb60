"""What a depth network of an earlier step sees in the images of a source, as a step."""
import dataclasses
import pathlib
from typing import Annotated

import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.sources import disparity_maps
from keras_weakseg.data.sources import with_disparity
from keras_weakseg.derived import base
from keras_weakseg.options import OneOf

_MAPS = "maps"


class DisparityMaps(base.Maker):
  """Makes one disparity map per image; see `kw.make_disparity_maps`.

  Args:
    context: `base.MakeContext`; the first step that is read has trained the network of depth.
    source: name of the source of the images; empty = the first.
    split: of it, or several joined by `+`.
    normalise: `none`: the network's disparity, 0..1; `image`: every image stretched to 0..1.
    bits: of a stored value, 8 or 16.
    size: (height, width) at which the network sees the images; empty = as in training, which may
      change their aspect ratio.
  """

  carries = (fields.DISPARITY,)

  def __init__(self, context, *, source: str = "", split: str = "train",
               normalise: Annotated[str, OneOf((disparity_maps.NONE, disparity_maps.IMAGE))]
               = disparity_maps.NONE,
               bits: Annotated[int, OneOf(disparity_maps.BITS)] = 16,
               size: tuple[int, ...] = ()):
    super().__init__(context)
    self.source, self.split = context.source(source), split
    self.normalise, self.bits, self.size = normalise, bits, tuple(size)

  def lines(self):
    return [f"{len(self.source.ids(self.split))} disparity maps of '{self.split}' of "
            f"{self.source.name}, {self.bits} bits"]

  def identity(self):
    return {"source": self.source.fingerprint(), "ids": list(self.source.ids(self.split))}

  def make(self, directory, progress=True):
    model = self.context.models(next(iter(self.context.reads)))
    if not hasattr(model, "min_depth"):
      raise errors.value_error(
          "The step has no network of depth.", expected="a step that learns depth in `reads`",
          received=", ".join(self.context.reads), fix="Name that step.")
    if self.size:
      model = dataclasses.replace(model, size=self.size)
    low, high = 1 / model.max_depth, 1 / model.min_depth
    disparity_maps.write_disparity_maps(
        self.source, lambda images: (np.asarray(model.disparity(images)) - low) / (high - low),
        pathlib.Path(directory) / _MAPS, self.split, model_hash=model.fingerprint(),
        normalise=self.normalise, bits=self.bits, progress=progress)
    return {"maps": len(self.source.ids(self.split))}

  @classmethod
  def wrap(cls, source, directory):
    return with_disparity.WithDisparity(source, pathlib.Path(directory) / _MAPS)
