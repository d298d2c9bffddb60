"""Takes channels out of a trained network: what is left is an ordinary, smaller `keras.Model`.

Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017 (arXiv:1608.08710): whole channels
go, with the filters that write them, their statistics, and the weights that read them. Channels
that a sum makes one go together.
"""
import collections
import dataclasses
import math
import re

import numpy as np

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.hourglass_inference import SplitChannels
from keras_weakseg.networks.layers import dilated
from keras_weakseg.networks.surgery import channels, rebuilding

FILTERS = "filters"
INPUTS = "inputs"
IMPORTANCES = {FILTERS: channels.WRITE, INPUTS: channels.READ}


@dataclasses.dataclass(frozen=True)
class Group:
  """Channels that the same layers write.

  Attributes:
    writers: names of the layers that write them; several where their outputs are summed.
    readers: names of the layers whose weights read them.
    scores: importance of every channel, float array.
  """
  writers: tuple
  readers: tuple
  scores: np.ndarray


def prune(network, keep, *, layers="", importance=FILTERS, scored_by="", norm=2, minimum=1,
          multiple_of=1):
  """Returns a smaller copy of a network, with the least important channels left out.

  Inputs and outputs stay as they are, and so do channels around layers that are not known.

  Args:
    network: functional `keras.Model`; it stays as it is.
    keep: share of the channels of every group that stay, 0 < keep <= 1, or an int: their number.
    layers: regular expression; only groups one of whose writers or readers it finds lose channels.
      Or a function of a `Group` that says whether it does.
    importance: "filters": a channel counts as much as the weights that write it; "inputs": as those
      that read it.
    scored_by: regular expression of the layers whose weights are counted; empty = all.
    norm: 2 (root of the sum of squares) or 1 (sum of absolute values).
    minimum: of the channels of a group that stay.
    multiple_of: what a share of a group is rounded to the nearest multiple of, at least one of them
      and at most all channels; numbers of channels are taken as they are.

  Returns:
    `keras.Model` with weights of its own.

  Raises:
    ValueError: an option is out of range, no group is found, none has as many channels as shall
      stay, or rounding leaves all as it is.

  Example:
    >>> from keras_weakseg.networks import registry
    >>> small = prune(registry.build_network("light_tiny", (33, 33, 3), 4), 0.5)
    >>> small.output_shape, small.get_layer("head_refine").filters
    ((None, 5, 5, 4), 32)
  """
  surgery = _Surgery(network, importance, scored_by, norm)
  return surgery.smaller(surgery.chosen(keep, layers, minimum, multiple_of))


def mask(network, keep, **options):
  """Returns a copy of full size with zeros where `prune` would take channels out.

  Args: as `prune`. The two answer alike: how a choice can be judged, or tried, before it is made.

  Returns:
    `keras.Model`.
  """
  choice = [options.pop(name, default)
            for name, default in (("layers", ""), ("minimum", 1), ("multiple_of", 1))]
  surgery = _Surgery(network, **{"importance": FILTERS, "scored_by": "", "norm": 2, **options})
  return surgery.masked(surgery.chosen(keep, *choice))


def kept_of(count, keep, minimum=1, multiple_of=1):
  """Returns how many channels of a group stay.

  Args:
    count: channels of the group.
    keep, minimum, multiple_of: as of `prune`.

  Example:
    >>> [kept_of(64, 0.84, multiple_of=8), kept_of(12, 0.5, multiple_of=8), kept_of(6, 0.5, 1, 8)]
    [56, 8, 6]
  """
  if isinstance(keep, int):
    return min(keep, count)
  kept = max(int(round(keep * count)), minimum)
  if multiple_of > 1 and keep < 1:
    nearest = math.ceil(keep * count / multiple_of - 0.5)
    kept = max(nearest, math.ceil(minimum / multiple_of), 1) * multiple_of
  return min(kept, count)


def groups(network, *, importance=FILTERS, scored_by="", norm=2):
  """Returns the groups of channels that could lose some, as a list of `Group`.

  Args: as `prune`.
  """
  return [group for group, _ in _Surgery(network, importance, scored_by, norm).groups]


class _Surgery:
  """A network whose channels are known, and how important each is."""

  def __init__(self, network, importance, scored_by, norm):
    errors.check_name("importance of a channel", importance, IMPORTANCES)
    if norm not in (1, 2):
      raise errors.value_error("This norm is not supported.", expected="1 or 2", received=norm,
                               fix="Pass norm=2.")
    self.network = network
    if _has_blocks(network):
      self.network = rebuilding.unfold(network, channels.is_known)
    self.graph = channels.ChannelGraph(self.network)
    self.groups = self._group(IMPORTANCES[importance], re.compile(scored_by), norm)

  def _group(self, role, scored_by, norm):
    """Returns a list of (`Group`, roots of its channels)."""
    scores, touched = collections.Counter(), collections.defaultdict(
        lambda: {channels.READ: {}, channels.WRITE: {}})
    for key, axes in self.graph.axes.items():
      layer = self.graph.layers[key]
      for axis in axes:
        roots = self.graph.ids.roots(axis.ids)
        if axis.role in (channels.READ, channels.WRITE):
          for root in roots.tolist():
            touched[root][axis.role][layer.name] = None
        weight = layer.weights[axis.weight]
        if axis.role == role and len(weight.shape) > 1 and scored_by.search(layer.name):
          values = np.abs(weight.numpy()).astype(np.float64) ** norm
          others = tuple(i for i in range(values.ndim) if i != axis.axis)
          for root, score in zip(roots.tolist(), values.sum(others).tolist()):
            scores[root] += score
    found = collections.defaultdict(list)
    for root, names in touched.items():
      if names[channels.WRITE] and not self.graph.ids.is_fixed(root):
        found[tuple(sorted(names[channels.WRITE]))].append(root)
    return [(Group(writers, tuple(sorted({n for r in roots for n in touched[r][channels.READ]})),
                   np.array([scores[root] for root in roots]) ** (1 / norm)), roots)
            for writers, roots in found.items()]

  def chosen(self, keep, layers, minimum, multiple_of):
    """Returns the roots of the channels that go."""
    whole = isinstance(keep, int) and not isinstance(keep, bool)
    if not (keep >= 1 if whole else 0 < keep <= 1):
      raise errors.value_error(
          "This is no share of the channels.", expected="0 < keep <= 1, or a positive int",
          received=keep, fix="Pass keep=0.5 to halve them.")
    if multiple_of < 1 or multiple_of != int(multiple_of):
      raise errors.value_error(
          "Channels cannot be rounded so.", expected="multiple_of, a whole number from 1",
          received=multiple_of, fix="Pass multiple_of=8, or 1 for no rounding.")
    gone, largest = set(), 0
    for group, roots in self.groups:
      if not (layers(group) if callable(layers) else any(
          re.search(layers, name) for name in group.writers + group.readers)):
        continue
      largest = max(largest, len(roots))
      count = kept_of(len(roots), keep if whole else float(keep), minimum, multiple_of)
      order = np.argsort(-group.scores, kind="stable")
      gone.update(roots[index] for index in order[count:])
    if not largest:
      raise errors.value_error(
          "No channels can be taken out there.",
          expected="a pattern of: " + ", ".join(sorted(g.writers[0] for g, _ in self.groups)),
          received="none" if callable(layers) else repr(layers),
          fix="Name layers inside the network; its output must stay.")
    if whole and keep > largest:
      raise errors.value_error(
          "There are fewer channels there than shall stay.",
          expected=f"at most {largest}, the largest group of channels", received=keep,
          fix="Pass fewer, or name other layers.")
    if not gone and not whole and keep < 1 and multiple_of > 1:
      raise errors.value_error(
          f"Rounded to multiples of {multiple_of}, all channels stay.",
          expected="a smaller share, or smaller multiples", received=f"keep={keep}",
          fix="Pass multiple_of=1 for no rounding.")
    return gone

  def _kept(self, ids, gone):
    return np.array([root not in gone for root in self.graph.ids.roots(ids).tolist()], bool)

  def smaller(self, gone):
    """Returns a copy without these channels."""

    def make(layer):
      changes = {}
      written = self.graph.written(layer)
      if written is not None:
        name = "units" if isinstance(layer, keras.layers.Dense) else "filters"
        changes[name] = int(self._kept(written, gone).sum())
      counts = [int(self._kept(part, gone).sum())
                for part in self.graph.splits.get(id(layer), [])]
      if isinstance(layer, SplitChannels):
        changes["sizes"] = counts
      elif counts:  # a `Reshape`
        changes["target_shape"] = (*layer.target_shape[:-1], *counts)
      if type(layer) is keras.layers.Conv2D and max(layer.dilation_rate) > 1:
        # Other libraries' dilated convolutions become fast ones.
        return dilated.Conv2D.from_config({**layer.get_config(), **changes})
      return rebuilding.copy_layer(layer, **changes)

    model, pairs = rebuilding.rebuild(self.network, make)
    for old, new in pairs:
      weights = old.get_weights()
      for axis in self.graph.axes.get(id(old), []):
        kept = np.flatnonzero(self._kept(axis.ids, gone))
        weights[axis.weight] = np.take(weights[axis.weight], kept, axis.axis)
      new.set_weights(weights)
    return model

  def masked(self, gone):
    """Returns a copy of full size where nothing writes these channels and nothing reads them."""
    model, pairs = rebuilding.rebuild(self.network, rebuilding.copy_layer)
    for old, new in pairs:
      weights = old.get_weights()
      for axis in self.graph.axes.get(id(old), []):
        shape = [-1 if i == axis.axis else 1 for i in range(weights[axis.weight].ndim)]
        weights[axis.weight] = weights[axis.weight] * self._kept(axis.ids, gone).reshape(shape)
      new.set_weights(weights)
    return model


def _has_blocks(network):
  return any(rebuilding.holds_layers(layer) and not channels.is_known(layer)
             for layer in rebuilding.leaves(network))
