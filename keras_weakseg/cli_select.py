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
  parser.add_argument("--criterion", default="diversity",
                      help="diversity, or with a run of depth diversity_uncertainty, uncertainty")
  parser.add_argument("--counts", default="", help="images after each round, joined by commas, "
                      "where a student of depth is asked; default: 25,50,100,... up to --count")
  parser.add_argument("--student_steps", type=int, default=1000, help="default: 1000")
  parser.add_argument("--dry_run", action="store_true", help="only say what would be done")


def _select(options):
  """Chooses images and prints their ids."""
  from keras_weakseg import api
  from keras_weakseg import errors
  random = options.target == "random"
  try:
    counts = tuple(int(text) for text in options.counts.split(",") if text)
  except ValueError as error:
    raise errors.value_error(
        "The counts of the rounds are no numbers.", expected="such as --counts 25,50,100",
        received=options.counts, fix="Join whole numbers by commas.") from error
  chosen = api.select(
      None if random else options.target, options.source_of(options), options.output,
      count=options.count, split=options.split, seed=options.seed, layer=options.layer,
      criterion="random" if random else options.criterion, counts=counts,
      student_steps=options.student_steps, dry_run=options.dry_run, progress=False)
  if chosen is not None:
    print("\n".join(chosen.ids))
