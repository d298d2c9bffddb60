"""Named choices of what a network loses when it is pruned."""
import re

from keras_weakseg import errors
from keras_weakseg.networks.surgery import pruning

ALL = "all"            # channels all over the network
PARALLEL = "parallel"  # what the parallel branches of the head read, and nothing else

# The parallel layers: those of ASPP in DeepLab-v2 and of the context of the light networks.
_BRANCHES = r"(^|/)(fc8_aspp_|head_context_)\d+"
_SCHEDULES = {
    ALL: {"layers": "", "importance": pruning.FILTERS, "scored_by": ""},
    PARALLEL: {"layers": _BRANCHES, "importance": pruning.INPUTS, "scored_by": _BRANCHES},
}
NAMES = tuple(_SCHEDULES)
MULTIPLE = 8  # A first guess: vector instructions take 8 or 16 channels at a time.


def prune(network, keep, schedule=ALL, *, layers="", norm=2, multiple_of=MULTIPLE):
  """Returns a smaller copy of a network; frozen layers keep their channels.

  The schedule "parallel": the inputs of the parallel layers of the head, by the root of the sum of
  squares of all kernels that read them; in DeepLab-v2 the four kernels that the three scales share
  (the "last 12 parallel layers" of the paper on depth for person parts). They are one tensor, so
  the block before them gets smaller too.

  Args:
    network: functional `keras.Model`; it stays as it is.
    keep: share of the channels of every group that stay, or an int: their number.
    schedule: one of `NAMES`.
    layers: regular expression of layers instead of those of the schedule; with "parallel", those
      whose inputs go and count.
    norm: 2 or 1.
    multiple_of: shares of groups are rounded to its multiples, see `pruning.prune`; 1 = not.

  Returns:
    `keras.Model` with weights of its own.

  Raises:
    ValueError: the schedule is unknown, or nothing in the network fits it.

  Example:
    >>> from keras_weakseg.networks import registry
    >>> small = prune(registry.build_network("light_tiny", (33, 33, 3), 4), 0.5)
    >>> small.get_layer("head_refine").filters
    32
  """
  errors.check_name("schedule of pruning", schedule, NAMES)
  options = dict(_SCHEDULES[schedule], norm=norm, multiple_of=multiple_of)
  pattern = layers or options.pop("layers")
  options.pop("layers", None)
  if layers and options["scored_by"]:
    options["scored_by"] = layers
  try:
    re.compile(pattern)
  except re.error as error:
    raise errors.value_error(
        "The pattern of the layers is no regular expression.", expected=r"such as 'block_\d+'",
        received=f"{pattern!r}: {error}", fix="Put a backslash before signs that mean themselves."
        ) from error
  frozen = {layer.name for layer in network._flatten_layers()  # pylint: disable=protected-access
            if layer.weights and not layer.trainable}

  def chosen(group):
    # Of inputs, those that the layers read: not those that they write.
    names = group.readers if options["importance"] == pruning.INPUTS else (
        group.writers + group.readers)
    return not frozen & set(group.writers) and any(re.search(pattern, name) for name in names)

  return pruning.prune(network, keep, layers=chosen, **options)
