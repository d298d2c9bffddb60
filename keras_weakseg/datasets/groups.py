"""From one label space to a coarser one: which old classes make up each new class."""
from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.datasets import labels
from keras_weakseg.files import yaml_files

_FILES = (".yaml", ".yml")
_TWINS = {**labels.VOC_COCO_SYNONYMS,
          **{other: name for name, other in labels.VOC_COCO_SYNONYMS.items()}}


def parse_groups(texts):
  """Returns the groups of texts such as `"vehicle=car+bus"`: dict of new class to old names.

  Args:
    texts: such texts, or paths of YAML files that hold `vehicle: [car, bus]` and so on.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: a text has another form, or two name the same class.

  Example:
    >>> parse_groups(("vehicle=car+bus", "person"))
    {'vehicle': ('car', 'bus'), 'person': ('person',)}
  """
  groups = {}
  for text in _without_files(texts):
    name, joined, members = (piece.strip() for piece in text.partition("="))
    old = tuple(member.strip() for member in (members if joined else name).split("+"))
    if not name or not all(old) or name in groups:
      raise errors.value_error(
          "The groups of classes cannot be read.",
          expected="texts such as 'vehicle=car+bus', or 'person' alone, every new class once",
          received=repr(text), fix="Correct the text.")
    groups[name] = old
  return groups


def _without_files(texts):
  """Yields the texts, those of files in the place of their paths."""
  for text in texts:
    if not text.strip().lower().endswith(_FILES):
      yield text
      continue
    path = paths.expand(text.strip())
    read = yaml_files.read_yaml(path, "file of groups")
    if not isinstance(read, dict) or not all(
        isinstance(name, str) and isinstance(members, list) and members
        and all(isinstance(member, str) for member in members) for name, members in read.items()):
      raise errors.value_error(
          f"The file of groups '{path}' cannot be read.",
          expected="lines such as 'vehicle: [car, bus]'", received=repr(read),
          fix="Correct it; names with special characters need quotes.")
    yield from (f"{name}={'+'.join(members)}" for name, members in read.items())


def class_groups(old_classes, new_classes, groups=None):
  """Returns the old classes of every new class; the background takes only what is named.

  A new class that `groups` does not hold is the old class of the same name or of a synonym.

  Args:
    old_classes: names, index 0 = background.
    new_classes: names wanted, index 0 = background.
    groups: dict of new class name to old class names, which may be synonyms; an empty group makes
      a class that no old class is part of.

  Returns:
    List with one list of old ids per new class; the first starts with 0. No id is in two of them.

  Raises:
    ValueError: a name is unknown, a new class has no old one, or two claim the same.

  Example:
    >>> class_groups(["bg", "car", "bus", "dog"], ["bg", "dog", "vehicle"],
    ...              {"vehicle": ["car", "bus"]})
    [[0], [3], [1, 2]]
  """
  groups = dict(groups or {})
  for name in groups:
    errors.check_name("new class for the group", name, new_classes)
  found, owner = [], {0: new_classes[0]}
  for index, name in enumerate(new_classes):
    members = groups.get(name, () if index == 0 else (name,))
    ids = [_find(member, old_classes) for member in members]
    ids = [0, *(member for member in ids if member)] if index == 0 else ids
    for member in ids:
      if owner.setdefault(member, name) != name:
        raise errors.value_error(
            f"The class '{old_classes[member]}' is in two groups.", expected="every class once",
            received=f"'{owner[member]}' and '{name}'", fix="Take it out of one of them.")
    found.append(ids)
  return found


def lacking(old_classes, new_classes):
  """Returns the new classes that no old one is, by name or synonym, without the background.

  Args:
    old_classes, new_classes: names, index 0 = background.

  Example:
    >>> lacking(["background", "aeroplane"], ["background", "airplane", "kite"])
    ['kite']
  """
  return [name for name in new_classes[1:]
          if not {name, _TWINS.get(name)} & set(old_classes[1:])]


def aggregation_groups(head_classes, target_classes, groups=None):
  """Returns the channels of a head that each class of another label space sums up.

  Cross-Joint training (Papandreou et al. 2015, section 5.2): one head with the classes of the
  larger data set serves the smaller one, `ops.losses.aggregate_classes(scores, groups)`. The
  target's background takes every class of the head that no target class claims.

  Args:
    head_classes: names of the channels of the head, index 0 = background.
    target_classes: names of the classes wanted, index 0 = background.
    groups: dict of target class to names of head classes, None = by name alone.

  Returns:
    List with one sorted list of channels per target class; every channel is in exactly one.

  Raises:
    ValueError: as for `class_groups`.

  Example:
    >>> aggregation_groups(["background", "airplane", "kite"], ["background", "aeroplane"])
    [[0, 2], [1]]
  """
  found = [sorted(ids) for ids in class_groups(head_classes, target_classes, groups)]
  claimed = {channel for ids in found[1:] for channel in ids}
  return [[channel for channel in range(len(head_classes)) if channel not in claimed], *found[1:]]


def _find(name, classes):
  """Returns the index of a class by its name or synonym."""
  for candidate in (name, _TWINS.get(name)):
    if candidate in classes:
      return list(classes).index(candidate)
  raise errors.unknown_name("class to group", name, classes)
