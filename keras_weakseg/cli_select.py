"""The command that chooses images to annotate: `select`."""


def add_commands(command, add_data, source_of):
  """Adds the command to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
    add_data: function that adds the flags which describe a data source.
    source_of: function of the parsed options and a folder or experiment that returns this source.
  """
  parser = command("select", _select)
  parser.add_argument("target", metavar="RUN", help="a run of depth or classes, 'imagenet', an "
                      ".npz of MobileNetV1 weights, or 'random'")
  parser.add_argument("data", metavar="FOLDER_OR_EXPERIMENT",
                      help="a folder of images or with images/, or an experiment: its data")
  parser.add_argument("output", metavar="OUTPUT", help="folder of the selection")
  parser.set_defaults(source_of=source_of)
  add_data(parser)
  parser.add_argument("--count", type=int, default=50, help="images to choose, default: 50")
  parser.add_argument("--split", default="train", help="default: train; joined by +")
  parser.add_argument("--seed", type=int, default=42, help="chooses the first image")
  parser.add_argument("--layer", default="", help="of the network whose features are compared")
  parser.add_argument("--dry_run", action="store_true", help="only say what would be done")


def _select(options):
  """Chooses images and prints their ids."""
  from keras_weakseg import api
  random = options.target == "random"
  chosen = api.select(
      None if random else options.target, options.source_of(options), options.output,
      count=options.count, split=options.split, seed=options.seed, layer=options.layer,
      criterion="random" if random else "diversity", dry_run=options.dry_run, progress=False)
  if chosen is not None:
    print("\n".join(chosen.ids))
