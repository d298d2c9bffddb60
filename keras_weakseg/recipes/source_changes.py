"""What the configuration changes of a source: classes, tags, disparity beside its images."""
import os

from keras_weakseg import errors
from keras_weakseg import paths


def changed(source, config, data_dir=None):
  """Returns a source as its section of the configuration wants it.

  Args:
    source: data source with the classes of its files.
    config: `schema.Source`.
    data_dir: where data lies.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  from keras_weakseg.datasets import groups  # pylint: disable=g-import-not-at-top
  if config.noisy_tags:  # Before the classes change: the file has those of the source.
    source = data.NoisyTagFile(source, os.path.join(
        getattr(source, "root", ""), paths.expand(config.noisy_tags)))
  if config.parts:
    source = data.PartsAsMasks(source)
  if config.groups:
    source = data.Regrouped(source, groups=groups.parse_groups(config.groups), other=config.other)
  if config.flip_swaps:
    source = data.WithFlipSwaps(source, config.flip_swaps)
  if config.wrong_tags:
    source = data.WithNoisyTags(source, config.wrong_tags)
  if config.disparity:
    source = data.WithDisparity(source, data.find(config.disparity, data_dir))
  return source


def in_spaces(sources, configs):
  """Returns the sources, with the classes of another one where `classes_of` names it.

  Classes that a source does not have by name or synonym stay, and no sample of it shows them.

  Args:
    sources: dict of name to source.
    configs: the `schema.Source`s of those that may be changed.

  Raises:
    ValueError: there is no source of that name, or none of its classes is in the other one.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  from keras_weakseg.datasets import groups  # pylint: disable=g-import-not-at-top
  found = dict(sources)
  for config in configs:
    if not config.classes_of:
      continue
    errors.check_name("source for 'classes_of'", config.classes_of, sources)
    source, other = sources[config.name], sources[config.classes_of]
    lacking = groups.lacking(source.classes, other.classes)
    if len(lacking) == len(other.classes) - 1:
      raise errors.value_error(
          f"'{config.name}' has no class of '{config.classes_of}'.",
          expected="at least one of the same name, such as " + ", ".join(other.classes[1:6]),
          received=", ".join(source.classes[1:6]), fix="Rename them with `groups` first.")
    found[config.name] = data.Regrouped(
        source, classes=other.classes, groups=dict.fromkeys(lacking, ()), other=config.other,
        palette=other.palette)
  return found
