"""`fit --method METHOD --data FOLDER`: somebody's own data on the command line."""
import argparse

FOLDER = ("images", "masks", "tags", "boxes", "depth", "depth_scale", "classes", "manifest",
          "validation", "held_out")
_VIDEO = ("intrinsics", "field_of_view", "frame_size", "frame_offsets", "static_threshold",
          "occluders", "validation", "held_out")
# Methods that learn from the neighbours of a frame alone: their folder is one of video.
_OF_VIDEO = ("self_supervised_depth",)


def names(text):
  """Returns the names between commas."""
  return [item.strip() for item in text.split(",") if item.strip()]


def add_folder(parser):
  """Adds the flags of `kw.data.Folder`."""
  for name in ("images", "masks", "tags", "boxes", "depth", "manifest", "validation"):
    parser.add_argument(f"--{name}", help=f"as {name}= of kw.data.Folder")
  parser.add_argument("--depth_scale", type=float, metavar="UNITS",
                      help="stored units of depth per metre: 1000 for millimetres; PNG need it")
  parser.add_argument("--classes", type=names, help="class names between commas")
  parser.add_argument("--held_out", type=float, help="share of the masks held out, 0..1")


def numbers(kind):
  """Returns an argparse type for numbers between commas."""

  def parse(text):
    try:
      return [kind(item) for item in text.split(",")]
    except ValueError:
      raise argparse.ArgumentTypeError(
          f"expected {kind.__name__}s between commas, received '{text}'") from None

  return parse


def add_video(parser):
  """Adds the flags of `kw.data.Video` that a folder of labelled images does not have."""
  parser.add_argument("--intrinsics", metavar="'FX FY CX CY'",
                      help="of frames, in pixels as stored, or a file of these numbers")
  parser.add_argument("--field_of_view", type=float, metavar="DEGREES",
                      help="assumed horizontal angle, where intrinsics are not known")
  parser.add_argument("--frame_size", type=numbers(int), metavar="H,W",
                      help="frames are resized to it, multiples of 32; default: near their own")
  parser.add_argument("--frame_offsets", type=numbers(int),
                      help="neighbours of a frame, default: -1,1; of slow films -5,5")
  parser.add_argument("--static_threshold", type=float,
                      help="frames that differ less from a neighbour, of 255, are left out: the "
                      "camera stands; default: 1, 0 keeps all")
  parser.add_argument("--occluders", help="PNG of what always hides the scene, such as a bonnet")


def add_fit(parser):
  """Adds the flags of data to `fit`."""
  group = parser.add_argument_group(
      "own data", "In place of EXPERIMENT: a method, trained on a folder with the library's "
      "defaults. For self_supervised_depth it holds frames or films, and intrinsics.txt.")
  group.add_argument("--method", help="supervised, em_adapt, bbox_seg, self_supervised_depth, ...")
  group.add_argument("--recipe", help="or: a recipe of several steps, on folders of --data")
  group.add_argument("--recipe_options", metavar="'KEY=VALUE, ...'",
                     help="options of the recipe, such as 'weak=[dog, horse]'")
  group.add_argument("--data", metavar="FOLDER", help="a folder of images, frames or films; of "
                     "recipes of several sources: photos=FOLDER,video=FOLDER")
  group.add_argument("--noisy_tags", metavar="FILE", help="tags with mistakes, of images whose "
                     "true ones are known: as kw.data.NoisyTagFile")
  add_folder(group)
  add_video(group)


def fit_options(options):
  """Returns the arguments of `api.fit` that the flags ask for, as a dict.

  Raises:
    ValueError: a flag has no effect, or something is missing.
    FileNotFoundError: the folder is not there.
  """
  if options.recipe:
    return _recipe(options)
  if not options.method:
    _refuse(options, ("data", "noisy_tags", *FOLDER, *_VIDEO), "--method", "Add --method, such as "
            "em_adapt, or leave them out: an experiment brings its data.")
    return {}
  given = {"method": options.method}
  if options.data:
    given["data"] = source_of(options)
  return given


def _recipe(options):
  """Returns the arguments of `api.fit` for a recipe."""
  from keras_weakseg import data as data_lib
  from keras_weakseg.configs import text
  given = {"recipe": options.recipe,
           **text.parse(options.recipe_options, "--recipe_options")}
  if options.data:
    named = dict(item.split("=", 1) for item in names(options.data)) if "=" in options.data else {}
    folder = lambda path: _folder(path, options)
    # Frames of a camera need another reader; the source of video is called so in every recipe.
    of_video = lambda path: data_lib.Video(path, data_dir=options.data_dir,
                                           **given_of(options, set(_VIDEO) - set(FOLDER)))
    given["data"] = {name: of_video(path) if name == "video" else folder(path)
                     for name, path in named.items()} or folder(options.data)
  return given


def source_of(options):
  """Returns the source of the folder `options.data`: of frames for methods of video."""
  if options.method not in _OF_VIDEO:
    _refuse(options, set(_VIDEO) - set(FOLDER), "--method " + _OF_VIDEO[0],
            "Leave them out, or choose that method.")
    return _folder(options.data, options)
  _refuse(options, {*FOLDER, "noisy_tags"} - set(_VIDEO), "a method that learns from labels",
          "Leave them out: video needs no labels.")
  return video_of(options)


def _folder(path, options):
  """Returns the source of a folder of labelled images."""
  from keras_weakseg import data
  folder = data.Folder(path, data_dir=options.data_dir, **given_of(options, FOLDER))
  return data.NoisyTagFile(folder, options.noisy_tags) if options.noisy_tags else folder


def video_of(options):
  """Returns the source of the folder of frames or films `options.data`."""
  from keras_weakseg import data
  given = given_of(options, _VIDEO)
  for flag, name in (("frame_size", "size"), ("frame_offsets", "offsets")):
    if flag in given:
      given[name] = tuple(given.pop(flag))
  if "validation" in given:
    given["validation"] = tuple(names(given["validation"]))
  return data.Video(options.data, data_dir=options.data_dir, **given)


def given_of(options, wanted):
  """Returns a dict of the wanted flags that were given."""
  return {name: getattr(options, name) for name in wanted
          if getattr(options, name, None) is not None}


def _refuse(options, flags, needed, fix):
  from keras_weakseg import errors
  found = sorted(f"--{name}" for name in given_of(options, flags))
  if found:
    raise errors.value_error("Some flags would have no effect.", expected=f"{needed} with these",
                             received=", ".join(found), fix=fix)
