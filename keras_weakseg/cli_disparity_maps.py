"""What a trained network says of images without labels: `make-disparity-maps` and `select`."""
import functools
import os
import pathlib

from keras_weakseg import cli_select


def add_commands(command, add_target, add_data, source_of):
  """Adds the commands to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
    add_target: function that adds the argument of a trained model.
    add_data: function that adds the flags which describe a data source.
    source_of: function of the parsed options that returns this source.
  """
  parser = command("make-disparity-maps", _make)
  add_target(parser)
  parser.add_argument("data", metavar="FOLDER_OR_EXPERIMENT",
                      help="a folder of images or with images/, or an experiment: its data")
  parser.add_argument("output", metavar="OUTPUT", help="folder of the maps; one of each model")
  parser.set_defaults(source_of=functools.partial(images_of, source_of))
  add_data(parser)
  parser.add_argument("--split", default="train", help="default: train; joined by +")
  parser.add_argument("--normalise", default="none",
                      help="none (as predicted) or image (0..1 in every image), default: none")
  parser.add_argument("--bits", type=int, default=16, help="of a stored value, 8 or 16 (default)")
  cli_select.add_commands(command, add_data, functools.partial(images_of, source_of))


def _make(options):
  """Writes what a depth model sees of every image, or continues to."""
  from keras_weakseg import api
  print(api.make_disparity_maps(
      options.target, options.source_of(options), options.output, split=options.split,
      normalise=options.normalise, bits=options.bits))


def images_of(source_of, options):
  """Returns the source of a folder, whose labels do not matter, or of a registered experiment.

  Args:
    source_of: function of options that returns the source that they describe.
    options: parsed ones, with `data` and `output`.
  """
  from keras_weakseg import errors
  from keras_weakseg.configs import registry
  from keras_weakseg.data import locations
  try:
    root = locations.find(options.data, options.data_dir)
  except FileNotFoundError as error:
    if options.data not in registry.experiments():
      raise errors.missing(
          f"There is neither a folder nor an experiment '{options.data}'.",
          expected="a folder of images, or the name of an experiment",
          received=os.path.abspath(options.data),
          fix="Check the path; 'keras-weakseg experiments' lists the names.") from error
    options.experiment, options.data = options.data, None
  else:
    _without_labels(options, root)
  return source_of(options)


def _without_labels(options, root):
  """Fills in what `kw.data.Folder` asks for besides images, none of which is read here."""
  if options.classes is None and not (root / "classes.txt").is_file():
    options.classes = ["background", "anything"]
  if options.images is None and not (root / "images").is_dir():
    options.images = "."
    if root.resolve() in [*pathlib.Path(options.output).resolve().parents]:
      from keras_weakseg import errors
      raise errors.value_error(
          "What is written would be images of their own folder.", expected="an output elsewhere",
          received=f"'{options.output}' in '{root}'", fix="Choose another output folder.")
