"""Data on the command line: what `--data` and the flags of somebody's own folder mean."""
import dataclasses
import functools

from keras_weakseg.cli import signatures

_WRITTEN = "a folder, an experiment or the YAML file of one, or tfds:NAME"
# How data is written, by the type of the argument.
WRITTEN = {"Source": _WRITTEN, "Evaluated": _WRITTEN, "Images": _WRITTEN,
           "Video": "a folder of frames or films, or a film",
           "Sources": f"{_WRITTEN}; of several sources NAME=FOLDER,NAME=FOLDER"}
TYPES = tuple(WRITTEN)
_SHARED = {"validation": "validation", "held_out": "held_out"}
# Flags, and the keywords of `kw.data.Folder` and `kw.data.Video` that they are.
_FOLDER = {name: name for name in ("images", "masks", "tags", "boxes", "depth", "depth_scale",
                                   "classes", "manifest", *_SHARED)}
_VIDEO = {"intrinsics": "intrinsics", "field_of_view": "field_of_view", "frame_size": "size",
          "frame_offsets": "offsets", "static_threshold": "static_threshold",
          "occluders": "occluders"}
_OWN = "of a folder of your own"
_OTHERS = (
    signatures.Argument("noisy_tags", "Path", text="tags with mistakes, of images whose true ones "
                        "are known: as `kw.data.NoisyTagFile`.", group=_OWN),
    signatures.Argument("params_override", "Overrides", text="over the experiment that --data "
                        "names.", group=_OWN))


@functools.lru_cache(maxsize=None)
def fields_of(kind):
  """Returns the flags beside `--data`, as `signatures.Argument`s.

  Args:
    kind: one of `TYPES`.
  """
  place = {"data_dir": "data_dir"}
  if kind == "Video":
    return _read("Video", {**_VIDEO, **_SHARED, **place}, "of video of your own")
  video = _read("Video", _VIDEO, "of video of your own") if kind == "Sources" else ()
  return (*video, *_read("Folder", {**_FOLDER, **place}, _OWN), *_OTHERS)


def _read(name, keywords, group):
  known = {argument.name: argument for argument in signatures.read(
      f"keras_weakseg.data.sources.{name.lower()}", name).arguments}
  return tuple(dataclasses.replace(known[keyword], name=flag, group=group, by_place=False)
               for flag, keyword in keywords.items())


def source_of(argument, given, kind="Folder"):
  """Returns the source that flags describe, a dict of several, or None if none was named.

  Args:
    argument: `signatures.Argument` of the call.
    given: dict of flag to value, converted.
    kind: `Folder` or `Video`, what a folder is read as.

  Raises:
    ValueError: a flag has no effect.
    FileNotFoundError: the data is not there.
  """
  text = given.get(argument.name)
  several = argument.type == "Sources"
  if text is None:
    # Of `fit`, those of experiments are its own.
    _refuse(given, {field.name for field in fields_of(argument.type)} - (
        {"data_dir", "params_override"} if several else set()), f"--{argument.name} with these",
            "Name the data, or leave them out.")
    return None
  if several and "=" in text:
    named = dict(item.split("=", 1) for item in text.split(","))
    # The source of video is called so in every recipe.
    return {name: _video(path, given, _VIDEO) if name == "video" else
            _labelled(argument, path, given) for name, path in named.items()}
  if "Video" in (argument.type, kind):
    _refuse(given, {*_FOLDER, "noisy_tags"} - {*_SHARED}, "a method that learns from labels with "
            "these", "Leave them out: video needs no labels.")
    return _video(text, given, {**_VIDEO, **_SHARED})
  if several:
    _refuse(given, _VIDEO, "--method self_supervised_depth with these",
            "Leave them out, or choose that method.")
  return _labelled(argument, text, given)


def _labelled(argument, text, given):
  from keras_weakseg import data, targets
  source = targets.source_of(
      text, evaluated=argument.type == "Evaluated", data_dir=given.get("data_dir"),
      images_for=given["output"] if argument.type == "Images" else None,
      params_override=None if argument.type == "Sources" else given.get("params_override"),
      **{name: given[name] for name in _FOLDER if name in given})
  return data.NoisyTagFile(source, given["noisy_tags"]) if "noisy_tags" in given else source


def _video(path, given, keywords):
  from keras_weakseg import data
  options = {keyword: given[flag] for flag, keyword in keywords.items() if flag in given}
  if isinstance(options.get("validation"), str):
    options["validation"] = options["validation"].split(",")
  return data.Video(path, data_dir=given.get("data_dir"), **{
      name: tuple(value) if isinstance(value, list) else value for name, value in options.items()})


def _refuse(given, names, expected, fix):
  from keras_weakseg import errors
  idle = sorted(f"--{name}" for name in names if name in given)
  if idle:
    raise errors.value_error("Some flags would have no effect.", expected=expected,
                             received=", ".join(idle), fix=fix)
