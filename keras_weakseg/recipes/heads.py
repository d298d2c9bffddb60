"""The classes of a network's last layer, and how data sets with other classes read its scores."""
import dataclasses

from keras_weakseg import errors
from keras_weakseg.methods import readings
from keras_weakseg.networks.layers import aggregation


@dataclasses.dataclass(frozen=True)
class Head:
  """What the network is built with, and what the predictor makes of it.

  Attributes:
    classes: names of the classes of the last layer.
    groups: for every class of the predictor the channels that it sums up; None = the same classes.
    mode: of the aggregation, `logsumexp` or `slice`.
  """
  classes: tuple
  groups: tuple = None
  mode: str = "logsumexp"

  @property
  def num_classes(self):
    """Number of classes of the last layer."""
    return len(self.classes)

  def layer(self, name="aggregate_classes"):
    """Returns the `AggregateClasses` of the predictor, or None."""
    return None if self.groups is None else aggregation.AggregateClasses(
        self.groups, self.mode, name=name)

  def as_dict(self):
    """Returns plain JSON values."""
    return {"classes": list(self.classes), "mode": self.mode,
            "groups": self.groups and [list(group) for group in self.groups]}

  @classmethod
  def from_dict(cls, values):
    """Returns the head of `as_dict`."""
    return cls(tuple(values["classes"]), values["groups"], values["mode"])


def make_head(data, sources, target):
  """Returns the `Head` that a `schema.Data` asks for.

  Args:
    data: `schema.Data`: `head` names the source whose classes the network has.
    sources: dict of name to source.
    target: source whose classes the predictor has.
  """
  owner = sources[data.head] if data.head else target
  return Head(tuple(owner.classes), _groups(data, sources, owner, target), data.aggregation)


def make_readings(data, sources, head, parts):
  """Returns how the parts of a bundle read the head, or None if all have its classes.

  Args:
    data: `schema.Data`.
    sources: dict of name to source, as the configuration names them.
    head: `Head`.
    parts: list of `data.Part`, of these sources.

  Returns:
    Tuple of `methods.readings.Reading`, or None.

  Raises:
    ValueError: a part has other classes and no head was named, or its classes have no match.
  """
  if not data.head or all(tuple(part.source.classes) == head.classes for part in parts):
    return None  # Without a head, the bundle refuses parts with other classes, and says why.
  found = []
  for name, source in sources.items():
    mine = tuple(index for index, part in enumerate(parts) if part.source is source)
    groups = _groups(data, sources, sources[data.head], source) if mine else None
    layer = groups and aggregation.AggregateClasses(groups, data.aggregation, name=f"read_{name}")
    if mine:
      found.append(readings.Reading(name, mine, source.num_classes, layer))
  return tuple(found)


def _groups(data, sources, owner, target):
  """Returns the channels of the head for every class of a source, or None where they are equal."""
  from keras_weakseg.datasets import groups as group_lib  # pylint: disable=g-import-not-at-top
  if tuple(owner.classes) == tuple(target.classes):
    return None
  entry = next((entry for entry in data.sources if sources[entry.name] is target), None)
  texts = (entry.reads or entry.groups) if entry else ()
  named = {name: members for name, members in group_lib.parse_groups(texts).items()
           if name in target.classes}
  try:
    found = group_lib.aggregation_groups(owner.classes, target.classes, named)
  except ValueError as error:
    raise errors.value_error(
        f"The classes of '{target.name}' cannot be read from a head with those of '{owner.name}'.",
        expected="every class by the same name, or in `reads` of the source",
        received=str(error).split("\n", maxsplit=1)[0],
        fix="Set reads of that source, such as ['vehicle=car+bus'].") from error
  return tuple(tuple(group) for group in found)
