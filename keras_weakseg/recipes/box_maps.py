"""Makes the label maps that methods of boxes train on, before they train."""
import dataclasses

from keras_weakseg import fields

EXTRA_FIELDS = (fields.BOX_LABELS,)


def settings_of(method_class, options):
  """Returns the `BoxMaps` that a method asks for, or None.

  Args:
    method_class: class of the method, with `label_maps` and `label_map_options`.
    options: dict of the method's options.
  """
  from keras_weakseg.data import label_maps  # pylint: disable=g-import-not-at-top
  if method_class.label_maps is None:
    return None
  return label_maps.BoxMaps(method_class.label_maps, **{
      name: options[name] for name in method_class.label_map_options})


def wrapped(parts, settings, cache_dir=None):
  """Returns the parts with sources that deliver label maps; unchanged without `settings`.

  Args:
    parts: list of `data.Part`.
    settings: `BoxMaps` or None.
    cache_dir: see `cache.cache_root`.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  from keras_weakseg.data import label_maps  # pylint: disable=g-import-not-at-top
  if settings is None:
    return parts
  sources = {source: data.WithBoxLabels(source, label_maps.folder_of(source, settings, cache_dir))
             for source in dict.fromkeys(part.source for part in parts)}
  return [dataclasses.replace(part, source=sources[part.source]) for part in parts]


def preparation(bundle, settings, cache_dir=None):
  """Returns the function that makes what a bundle reads, and lines for the plan.

  Args:
    bundle: `data.Bundle` of `wrapped` parts.
    settings: `BoxMaps` or None.
    cache_dir: see `cache.cache_root`.

  Returns:
    A function of a bool (draw progress bars), or None, and a list of lines.
  """
  from keras_weakseg.data import label_maps  # pylint: disable=g-import-not-at-top
  if settings is None:
    return None, []
  jobs, lines = [], []
  for source in dict.fromkeys(part.source for part in bundle.parts):
    job = _job(source, bundle)
    missing = label_maps.absent(source.folder, job["ids"])
    lines.append(f"{source.name}: {len(job['ids'])} {settings.kind} label maps of boxes, "
                 f"{len(missing)} to be made, in {source.folder}" if job["ids"] else
                 f"{source.name}: no boxes that may be read, so its masks alone teach")
    if job["ids"]:
      jobs.append((source.inner, job))

  def prepare(progress=True):
    for source, job in jobs:
      label_maps.make_label_maps(
          source, kind=settings.kind, alpha=settings.alpha, mode=settings.mode, crf=settings.crf,
          cache_dir=cache_dir, progress=progress, **job)

  return prepare, lines


def _job(source, bundle):
  """Returns what a source needs: its boxed ids, the splits that hold them, whose masks teach."""
  from keras_weakseg.data import label_maps  # pylint: disable=g-import-not-at-top
  splits, boxed, masked = [], {}, set()
  for part, ids in zip(bundle.parts, bundle.ids):
    if part.source is source and fields.may_read(fields.BOX_LABELS, part.supervision):
      splits += source.parts_of(part.split)
      boxed.update(dict.fromkeys(label_maps.boxed_ids(source.inner, part.split, ids)))
      if fields.may_read(fields.MASK, part.supervision):
        masked.update(ids)
  return {"split": "+".join(dict.fromkeys(splits)), "ids": tuple(boxed), "sheet_masks": masked}
