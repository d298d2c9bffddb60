"""Makes sources of labelled images from the configuration: folders and published data sets."""
from keras_weakseg import errors
from keras_weakseg.recipes import video_sources

_PUBLISHED = ("person_part", "lip", "ccp", "nyuv2", "megadepth")
KINDS = ("folder", "voc_animals", "voc_animals_boxes", "camvid", "coco_sample", "tfds", "records",
         *_PUBLISHED, *video_sources.KINDS)


def make_plain_source(config, data_dir=None):
  """Returns the source of a `schema.Source` with the classes of its files.

  Args:
    config: `schema.Source`.
    data_dir: where data lies; see `kw.data.find`.

  Raises:
    ValueError: the kind is unknown.
    FileNotFoundError: the folder is in none of the places that were looked at.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  place = {"data_dir": data_dir, **({"root": config.path} if config.path else {})}
  held = {**place, "held_out": config.held_out}
  if config.kind == "tfds":
    return data.Tfds(config.dataset, data_dir=data_dir)
  if config.kind == "records":
    return data.Records(config.path, data_dir=data_dir)
  if config.kind in ("voc_animals", "voc_animals_boxes"):
    return data.voc_animals(data.find(config.path or "voc_animals", data_dir),
                            boxes=config.kind.endswith("boxes"))
  if config.kind in ("camvid", "person_part", "lip"):
    return {"camvid": data.camvid, "person_part": data.PersonPart, "lip": data.Lip}[
        config.kind](**place)
  if config.kind in ("ccp", "nyuv2", "megadepth"):
    return {"ccp": data.Ccp, "nyuv2": data.nyuv2, "megadepth": data.MegaDepth}[
        config.kind](**held)
  if config.kind in video_sources.KINDS:
    return video_sources.make_video_source(config, data_dir)
  if config.kind == "coco_sample":
    return data.coco_sample(data.find(config.path or "coco128", data_dir))
  if config.kind == "folder":
    return data.Folder(
        data.find(config.path, data_dir), images=config.images, masks=config.masks,
        tags=config.tags, boxes=config.boxes, classes=config.classes or None,
        depth=config.depth or None, depth_scale=config.depth_scale or None,
        manifest=config.manifest or None, validation=config.validation or None,
        held_out=config.held_out)
  raise errors.unknown_name("source kind", config.kind, KINDS)
