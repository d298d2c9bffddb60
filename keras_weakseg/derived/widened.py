"""A trained network that sees depth beside the colours, as a step."""
from typing import Annotated

from keras_weakseg import errors
from keras_weakseg.derived import base
from keras_weakseg.derived import trained
from keras_weakseg.networks import hourglass_inference
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.surgery import depth_inside
from keras_weakseg.networks.surgery import stem
from keras_weakseg.options import OneOf

_HOURGLASSES = ("hourglass", "light_hourglass")


class Widened(base.Maker):
  """Gives a trained network a fourth channel, the depth that a second trained network sees.

  The network of depth becomes a frozen part of what is left, so that whoever trains it on,
  evaluates or exports it needs the image alone. `network.continues` of a later step names it.

  Args:
    context: `base.MakeContext`; reads two steps: that of the network of classes, then that of the
      network of depth.
    start: kernels of the depth channel before training: `zero` (the network answers as before),
      `mean` of those of the colours, or `copy` of the last.
  """

  def __init__(self, context, *, start: Annotated[str, OneOf(stem.STARTS)] = stem.ZERO):
    super().__init__(context)
    self.start = start

  def lines(self):
    return [f"a network with a channel of depth, whose kernels start as {self.start}, and the "
            "frozen network of depth inside"]

  def make(self, directory, progress=True):
    del progress
    if len(self.context.reads) != 2:
      raise errors.value_error(
          "It is not clear what sees classes and what sees depth.",
          expected="two steps in `reads`: that of the classes, that of depth",
          received=", ".join(self.context.reads) or "none", fix="Name both, in this order.")
    step, of_depth = self.context.reads
    network, name, known = trained.network_of(self.context, step)
    depth, _, about = trained.network_of(self.context, of_depth)
    record = about["record"]
    if record["role"] != networks.DEPTH:
      raise errors.value_error(
          f"The step '{of_depth}' has no network of depth.",
          expected="a step that learns depth as the second one in `reads`",
          received=f"a network for {record['role']}", fix="Exchange the two, or name that step.")
    if record["name"] in _HOURGLASSES and not about.get("architecture"):
      depth = hourglass_inference.fast_hourglass(depth)
    wide = depth_inside.with_depth(
        network, known["record"]["preprocessing"], depth, record["preprocessing"],
        record["answers"], multiple=record["multiple"], start=self.start)
    trained.leave(directory, name, wide, known)
    return {"parameters": [network.count_params(), wide.count_params()]}
