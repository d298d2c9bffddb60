"""The command that makes the network of a run smaller: `prune`."""


def add_commands(command, add_target):
  """Adds the command to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
    add_target: function that adds the argument of a trained model.
  """
  parser = command("prune", _prune)
  add_target(parser)
  parser.add_argument("output", metavar="OUTPUT", help="folder of the new run")
  parser.add_argument("--to", type=float, default=0.5,
                      help="share of the channels that stay, default: 0.5")
  parser.add_argument("--schedule", default="all",
                      help="all, or parallel: what the parallel layers of the head read")
  parser.add_argument("--layers", default="", help="regular expression of layers, default: all")
  parser.add_argument("--multiple_of", type=int, default=8,
                      help="channels of a group are rounded to multiples, default: 8; 1 = not")
  parser.add_argument("--norm", type=int, default=2, help="of the weights, 2 (default) or 1")


def _prune(options):
  """Writes a run whose network has fewer channels."""
  from keras_weakseg import api_prune
  result = api_prune.prune(options.target, options.output, to=options.to,
                           schedule=options.schedule, layers=options.layers, norm=options.norm,
                           multiple_of=options.multiple_of)
  print(f"model_dir: {result.model_dir}")
