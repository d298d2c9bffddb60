"""A trained network with fewer channels, as a step."""
from typing import Annotated, Tuple

from keras_weakseg.derived import base
from keras_weakseg.derived import trained
from keras_weakseg.networks.surgery import schedules
from keras_weakseg.options import Count, CountOrNone, Length, OneOf, Range

LARGEST = 1 << 13  # pixels of a side


class Pruned(base.Maker):
  """Takes the least important channels out of the network that an earlier step has trained.

  What it leaves is a network as any step does: `network.continues` of a later step names it, and
  that step trains it on. The paper on depth for person parts goes by steps below 20 %, each
  followed by training, because taking half at once did not converge.

  Args:
    context: `base.MakeContext`; the first step that is read has trained the network.
    keep: share of the channels that stay.
    channels: or: their number, 0 = by `keep`.
    schedule: `all`: channels all over the network; `parallel`: those that the parallel layers of
      the head read.
    layers: regular expression of layers; only channels that these write or read go; empty = those
      of the schedule.
    norm: of the weights by which channels count, 2 or 1.
    multiple_of: the share of every group is rounded to the nearest multiple, 1 = not; a group of
      fewer channels stays whole. Of several small steps, round in the last one alone: small groups
      would lose nothing. No matter of `channels`.
    size: height and width of the image for which operations are counted.
  """

  def __init__(self, context, *, keep: Annotated[float, Range(0, 1, open_low=True)] = 0.84,
               channels: CountOrNone = 0,
               schedule: Annotated[str, OneOf(schedules.NAMES)] = schedules.ALL, layers: str = "",
               norm: Annotated[int, OneOf((1, 2))] = 2, multiple_of: Count = schedules.MULTIPLE,
               size: Annotated[Tuple[int, ...], Length(2), Range(1, LARGEST)] = (321, 321)):
    super().__init__(context)
    self.keep, self.schedule, self.layers, self.norm = channels or keep, schedule, layers, norm
    self.size, self.multiple_of = tuple(size), multiple_of

  def lines(self):
    kept = (f"{self.keep} channels" if isinstance(self.keep, int)
            else f"{100 * self.keep:.1f} % of the channels")
    rounded = self.multiple_of > 1 and not isinstance(self.keep, int)
    return [f"a network with {kept} ({self.layers or self.schedule}), chosen by their L{self.norm} "
            "norm, " + f"in multiples of {self.multiple_of}, " * rounded + "to be trained on"]

  def make(self, directory, progress=True):
    """See `base.Maker.make`; returns what the network cost before and after."""
    network, name, known = trained.network_of(self.context, next(iter(self.context.reads)))
    small = schedules.prune(network, self.keep, self.schedule, layers=self.layers, norm=self.norm,
                            multiple_of=self.multiple_of)
    values, line = trained.costs(network, small, self.size)
    trained.leave(directory, name, small, known)
    if progress:
      print(f"  {line}", flush=True)
    return {"cost": values, "line": line}
