"""Makes data sources and bundles from the configuration."""
from keras_weakseg import errors
from keras_weakseg import fields

KINDS = ("folder", "voc_animals", "tfds")


def make_source(config, data_dir=None):
  """Returns the data source of a `schema.Source`.

  Args:
    config: `schema.Source`.
    data_dir: where data lies; see `keras_weakseg.data.locations.find`.

  Raises:
    ValueError: the kind is unknown.
    FileNotFoundError: the folder is in none of the places that were looked at.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  if config.kind == "tfds":
    return data.Tfds(config.dataset, data_dir=data_dir)
  if config.kind == "voc_animals":
    return data.voc_animals(data.find(config.path or "voc_animals", data_dir))
  if config.kind == "folder":
    return data.Folder(
        data.find(config.path, data_dir), images=config.images, masks=config.masks,
        tags=config.tags, boxes=config.boxes, classes=tuple(config.classes) or None,
        manifest=config.manifest or None, validation=config.validation or None,
        held_out=config.held_out)
  raise errors.unknown_name("source kind", config.kind, KINDS)


def make_sources(config, given=None):
  """Returns a dict of name to source; the first entry is the default.

  Args:
    config: `schema.Data`.
    given: a source that the caller made, instead of the configured ones.
  """
  if given is not None:
    return {"": given}
  if not config.sources:
    raise errors.value_error(
        "The experiment has no data.", expected="at least one entry in data.sources",
        received="none", fix="Pass data=kw.data.Folder(...), or add a source to the configuration.")
  return {entry.name: make_source(entry, config.data_dir or None) for entry in config.sources}


def make_parts(config, sources):
  """Returns the parts of a bundle, as `keras_weakseg.data.bundle.Part`.

  Without configured parts, the first source gives one part for the samples with a mask and one
  for those with weaker labels only, in equal shares, weighted .7 and .3.

  Args:
    config: `schema.Data`.
    sources: dict of name to source.
  """
  from keras_weakseg.data import bundle  # pylint: disable=g-import-not-at-top
  default = next(iter(sources.values()))
  if not config.parts:
    return bundle.parts_of(default)
  parts = []
  for entry in config.parts:
    if entry.source and entry.source not in sources:
      raise errors.unknown_name("source", entry.source, sources)
    parts.append(bundle.Part(
        source=sources[entry.source] if entry.source else default, split=entry.split,
        supervision=fields.parse_supervision(entry.supervision), ids=_read_ids(entry.ids),
        count=entry.count, subset_seed=entry.subset_seed, rest=entry.rest,
        batch_size=entry.batch_size, weight=entry.weight))
  return parts


def _read_ids(path):
  if not path:
    return None
  try:
    with open(path, encoding="utf-8") as file:
      return [line.strip() for line in file if line.strip()]
  except OSError as error:
    raise errors.missing(
        f"The id list '{path}' cannot be read.", expected="a text file with one id per line",
        received=str(error), fix="Correct `ids` of this part.") from error


def make_augmentation(config, mean_rgb):
  """Returns the data layer's `Augmentation` of a `schema.Augmentation`.

  Args:
    config: `schema.Augmentation`.
    mean_rgb: colour that pads images, 0..255.
  """
  from keras_weakseg.data import augment  # pylint: disable=g-import-not-at-top
  return augment.Augmentation(
      crop=tuple(config.crop), scales=tuple(config.scales), flip=config.flip, color=config.color,
      tags_from=config.tags_from, mean_rgb=tuple(mean_rgb))


def find_weights(pretrained, data_dir=None):
  """Returns where the initial weights come from.

  Args:
    pretrained: `schema.Network.pretrained`; a relative path is searched for like data.
    data_dir: where data lies.

  Raises:
    FileNotFoundError: the file is in none of the places that were looked at.
  """
  if not pretrained or pretrained.startswith("imagenet"):
    return pretrained
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  return str(data.find(pretrained, data_dir))
