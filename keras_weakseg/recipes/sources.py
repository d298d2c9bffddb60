"""Makes data sources and bundles from the configuration."""
import dataclasses
import hashlib
import json
import os

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.data.sources import weak_categories
from keras_weakseg.files import text as texts
from keras_weakseg.methods import registry as methods
from keras_weakseg.recipes import label_sources
from keras_weakseg.recipes import outputs
from keras_weakseg.recipes import source_changes
from keras_weakseg.tasks.segmentation import protocol as protocols

# What stands before the name of a step whose ids a part takes.
OF_STEP = "step:"


def make_source(config, data_dir=None):
  """Returns the data source of a `schema.Source`.

  Args:
    config: `schema.Source`.
    data_dir: where data lies; see `kw.data.find`.

  Raises:
    ValueError: the kind is unknown.
    FileNotFoundError: the folder is in none of the places that were looked at.
  """
  return source_changes.changed(
      label_sources.make_plain_source(config, data_dir), config, data_dir)


def make_sources(config, given=None):
  """Returns a dict of name to source; the first entry is the default.

  Args:
    config: `schema.Data`.
    given: a source that the caller made, instead of the configured one, or a dict of the names of
      the configuration to sources, instead of these.

  Raises:
    ValueError: there is no data, or it is not clear which source is meant.
  """
  names = [entry.name for entry in config.sources]
  if given is not None and not isinstance(given, dict):
    if len(names) > 1:
      raise errors.value_error(
          "It is not clear which source the data stands for.",
          expected="data={name: source} with " + ", ".join(names), received="one source",
          fix=f"Pass data={{{names[0]!r}: ...}}, and others of these names.")
  lists = {entry.name: (entry.weak, entry.strong) for entry in config.sources}
  return {name: weak_categories.as_trained(source, *lists.get(name, ((), ())))
          for name, source in _plain_sources(config, given).items()}


def _plain_sources(config, given):
  """Returns a dict of name to source, with all labels."""
  names = [entry.name for entry in config.sources]
  if given is not None and not isinstance(given, dict):
    return {(names or [""])[0]: given}
  if not config.sources and not given:
    raise errors.value_error(
        "The experiment has no data.", expected="at least one entry in data.sources",
        received="none", fix="Pass data=kw.data.Folder(...), or add a source to the configuration.")
  for name in given or {}:
    if names and name not in names:
      raise errors.unknown_name("source of the experiment", name, names)
  made = {name: (given or {}).get(name) or make_source(entry, config.data_dir or None)
          for name, entry in zip(names, config.sources)} or dict(given)
  return source_changes.in_spaces(made, [
      entry for entry in config.sources if entry.name not in (given or {})])


def first_source(config, sources):
  """Returns the source of the first part, whose classes the predictor has.

  Args:
    config: `schema.Data`.
    sources: dict of name to source.

  Raises:
    ValueError: there is no source of that name.
  """
  name = config.parts[0].source if config.parts else ""
  if name and name not in sources:
    raise errors.unknown_name("source", name, sources)
  return sources[name] if name else next(iter(sources.values()))


def with_derived(sources, config, finished):
  """Returns the sources whose samples carry what earlier steps made.

  Args:
    sources: dict of name to source.
    config: `schema.Data`.
    finished: dict of the names of finished steps to their `Outputs`.
  """
  from keras_weakseg.derived import registry as derived  # pylint: disable=g-import-not-at-top
  wrapped = dict(sources)
  for entry in config.sources:
    for name in entry.derived if entry.name in sources else ():
      if name in finished:
        step = finished[name]
        maker = derived.maker_class(step.marker["kind"])
        wrapped[entry.name] = maker.wrap(wrapped[entry.name], step.directory)
  return wrapped


def with_box_labels(parts, settings, cache_dir=None):
  """Returns the parts with sources that deliver label maps; unchanged without `settings`.

  Args:
    parts: list of `data.Part`.
    settings: `BoxMaps` or None.
    cache_dir: see `cache.cache_root`.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  from keras_weakseg.data.sources import label_maps  # pylint: disable=g-import-not-at-top
  if settings is None:
    return parts
  sources = {source: data.WithBoxLabels(source, label_maps.folder_of(source, settings, cache_dir))
             for source in dict.fromkeys(part.source for part in parts)}
  return [dataclasses.replace(part, source=sources[part.source]) for part in parts]


def evaluation_source(experiment, sources, default):
  """Returns the source that an experiment is evaluated on: that of its first part by default.

  It has the masks of weak categories too, and the classes of the method.

  Args:
    experiment: `schema.Experiment`.
    sources: dict of name to source.
    default: the source of the first part.

  Raises:
    ValueError: there is no source of that name, or mirrored pictures would say left for right.
  """
  name = experiment.evaluation.source
  if name and name not in sources:
    raise errors.unknown_name("source for 'evaluation.source'", name, sources)
  source = in_label_space(weak_categories.whole(sources[name] if name else default), experiment)
  check_mirror(source, experiment.evaluation.protocol)
  return source


def check_mirror(source, protocol):
  """Refuses predictions averaged over mirrored pictures where a mirror exchanges classes.

  Args:
    source: data source.
    protocol: has `flip`, or none of the kind.

  Raises:
    ValueError: they would mix left and right.
  """
  if source.flip_swaps:
    protocols.refuse_mirror(protocol, f"with '{source.name}'")


def in_label_space(source, experiment):
  """Returns the source with the classes that the method of an experiment tells apart.

  Args:
    source: data source.
    experiment: `schema.Experiment`.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  groups = methods.method_class(experiment.method.type).label_space(tuple(source.classes))
  return source if groups is None else data.Regrouped(source, groups=groups)


def make_parts(config, sources, needs=fields.Supervision.TAGS, unlabelled=False, finished=None,
               seed=0):
  """Returns the parts of a bundle, as `data.Part`.

  Without configured parts, the first source gives one part for the samples with a mask and one
  for those with weaker labels only, in equal shares, weighted .7 and .3.

  Args:
    config: `schema.Data`.
    sources: dict of name to source.
    needs: kind of label that the method learns from.
    unlabelled: whether samples without it teach something too.
    finished: dict of the names of finished steps to their `Outputs`, which may have chosen ids.
    seed: of the experiment; it draws the samples of parts without a `subset_seed` of their own.
  """
  from keras_weakseg.data.pipeline import parts as part_lib  # pylint: disable=g-import-not-at-top
  default = next(iter(sources.values()))
  if not config.parts:
    return default_parts(default, needs=needs, unlabelled=unlabelled)
  parts = []
  for entry in config.parts:
    if entry.source and entry.source not in sources:
      raise errors.unknown_name("source", entry.source, sources)
    parts.append(part_lib.Part(
        source=sources[entry.source] if entry.source else default, split=entry.split,
        supervision=fields.parse_supervision(entry.supervision),
        ids=_read_ids(entry.ids, finished or {}),
        count=entry.count, rest=entry.rest,
        subset_seed=seed if entry.subset_seed is None else entry.subset_seed,
        batch_size=entry.batch_size, weight=entry.weight,
        name=_part_name(entry, sources) if len(sources) > 1 else ""))
  return parts


def _part_name(entry, sources):
  """Returns a short name of a part where there are several sources, such as `coco_mask`."""
  source = entry.source or next(iter(sources))
  return f"{source}_{entry.supervision.replace('+', '_')}"


def default_parts(source, batch_size=8, needs=fields.Supervision.TAGS, unlabelled=False):
  """Returns the parts of a source that nobody has divided: one per kind of label of `train`.

  Samples with a mask teach by it; the others by their boxes, else by their tags. Of two parts the
  stronger weighs .7 and the weaker .3 (Papandreou et al. 2015). A method of depth gets the samples
  with depth, one that needs no labels all samples; one that learns from samples without labels too
  has all samples in half of every batch.

  Args:
    source: a data source.
    batch_size: samples in a batch.
    needs: kind of label that the method learns from; samples that do not grant it are left out.
    unlabelled: whether they teach something too.

  Raises:
    ValueError: no sample has such a label.
  """
  from keras_weakseg.data.pipeline import parts as part_lib  # pylint: disable=g-import-not-at-top
  split = "train"
  ids = source.ids(split)
  if not needs:
    return [part_lib.Part(source, split, fields.Supervision.NONE, batch_size=batch_size)]
  flags = source.supervision(split)
  kinds, left = [], set(ids)
  for kind in (fields.Supervision.DEPTH,) if needs == fields.Supervision.DEPTH else (
      fields.Supervision.MASK, fields.Supervision.BOXES, fields.Supervision.TAGS):
    chosen = tuple(name for name, flag in zip(ids, flags) if name in left and flag & kind)
    left -= set(chosen)
    if chosen:
      kinds.append((kind, chosen))
  found = kinds
  kinds = [entry for entry in found if fields.granted(entry[0]) & needs]
  if not kinds:
    names = [kind.name.lower() for kind in fields.Supervision if fields.granted(kind) & needs]
    raise errors.value_error(
        f"The split '{split}' of '{source.name}' has no labels that the method learns from.",
        expected=" or ".join(names) + " for at least one sample",
        received=f"{len(ids)} images, " + (", ".join(
            f"{len(chosen)} with {kind.name.lower()}" for kind, chosen in found) or "no labels"),
        fix="Add labels, correct the places given to the source (masks=, tags=, boxes=), or choose "
            "a method that learns from what is there.")
  weights = [1.0] if len(kinds) == 1 else [0.7] + [0.3 / (len(kinds) - 1)] * (len(kinds) - 1)
  rest = []
  if unlabelled and sum(len(chosen) for _, chosen in kinds) < len(ids):
    batch_size //= 2
    rest = [part_lib.Part(source, split, fields.Supervision.NONE, batch_size=batch_size)]
  return [*(part_lib.Part(source, split, kind, batch_size=max(1, batch_size // len(kinds)),
                          ids=chosen, weight=weight)
            for (kind, chosen), weight in zip(kinds, weights)), *rest]


def part_names(parts):
  """Returns a short name for every part, unique: its label kind, its source where kinds repeat."""
  kinds = [part.kinds for part in parts]
  names = [part.name or (kind if kinds.count(kind) == 1 else f"{part.source.name}_{kind}")
           for part, kind in zip(parts, kinds)]
  return [name if names.count(name) == 1 else f"{name}_{index}" for index, name in enumerate(names)]


def fingerprint(bundle, shared=()):
  """Returns 16 hex digits that name everything that decides the batches of a bundle.

  Args:
    bundle: `data.Bundle`.
    shared: JSON values that say how several label spaces share a head; empty for one.
  """
  record = [*shared, bundle.seed, repr(bundle.augmentation), bundle.ids,
            [(part.source.fingerprint(), part.split, int(part.supervision), part.batch_size,
              part.weight) for part in bundle.parts]]
  return hashlib.sha256(json.dumps(record).encode()).hexdigest()[:16]


def _read_ids(path, finished):
  if not path:
    return None
  if path.startswith(OF_STEP):
    return finished[path[len(OF_STEP):]].ids
  return tuple(line for _, line in texts.read_lines(
      paths.expand(path), "id list",
      fix="Correct `ids` of this part: a text file with one id per line."))


def make_augmentation(config, mean_rgb):
  """Returns the data layer's `Augmentation` of a `schema.Augmentation`.

  Args:
    config: `schema.Augmentation`.
    mean_rgb: colour that pads images, 0..255.
  """
  from keras_weakseg.data.pipeline import augment  # pylint: disable=g-import-not-at-top
  return augment.Augmentation(
      crop=tuple(config.crop) or None, scales=tuple(config.scales), flip=config.flip,
      color=config.color, color_share=config.color_share, color_of=config.color_of,
      resize=tuple(config.resize) or None, tags_from=config.tags_from, mean_rgb=tuple(mean_rgb),
      swap_frames=config.swap_frames, color_saturation=config.color_saturation, hue=config.hue)


def find_weights(pretrained, data_dir=None):
  """Returns where the initial weights come from.

  Args:
    pretrained: `schema.Network.pretrained`; a relative path is searched for like data, unless it
      is the folder of a run.
    data_dir: where data lies.

  Raises:
    FileNotFoundError: the file is in none of the places that were looked at.
  """
  if not pretrained or pretrained.startswith("imagenet"):
    return pretrained
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  pretrained = paths.expand(pretrained)
  if outputs.of_run(pretrained):
    return pretrained
  folder, name = os.path.split(pretrained)
  if not folder or os.path.isabs(pretrained):
    return pretrained
  return os.path.join(data.find(folder, data_dir), name)
