"""The commands of label maps made from boxes: `make-label-maps` and `tune-label-maps`."""


def add_commands(command, add_data, source_of):
  """Adds the commands to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
    add_data: function that adds the flags which describe a data source.
    source_of: function of the parsed options that returns this source.
  """
  for name, run, add in (("make-label-maps", _make, _add_make), ("tune-label-maps", _tune,
                                                                 _add_tune)):
    parser = command(name, run)
    parser.set_defaults(source_of=source_of)
    parser.add_argument("data", nargs="?", metavar="FOLDER", help="a folder of images with boxes")
    add_data(parser)
    parser.add_argument("--split", default="train", help="default: train")
    add(parser)


def _add_make(parser):
  parser.add_argument("--kind", default="seg", help="rect (filled boxes) or seg (CRF), default seg")
  parser.add_argument("--alpha", type=float, default=0.2, help="core of a box, default: 0.2")
  parser.add_argument("--mode", default="soft", help="soft or hard, default: soft")
  parser.add_argument("--crf", default="bbox_seg", help="name or parameters, default: bbox_seg")
  parser.add_argument("--cache_dir", help="default: KERAS_WEAKSEG_CACHE, ~/.cache/keras_weakseg")
  parser.add_argument("--workers", type=int, help="threads, default: one per core")
  parser.add_argument("--measure", action="store_true",
                      help="read the true masks too and compare")


def _add_tune(parser):
  parser.add_argument("--table", required=True, help="JSON table; a stopped search continues")
  parser.add_argument("--count", type=int, default=100, help="images, 0 = all; default: 100")
  parser.add_argument("--seed", type=int, default=0, help="of the choice of images")
  parser.add_argument("--alphas", default="0.2,0.35,0.5,0.65,0.8", help="between commas")
  parser.add_argument("--modes", default="soft", help="between commas")
  parser.add_argument("--crf", action="append", help="name or parameters, may be repeated")


def _make(options):
  """Makes label maps of boxes, or continues to."""
  from keras_weakseg import data
  source = options.source_of(options)
  folder = data.make_label_maps(
      source, options.split, options.kind, alpha=options.alpha, mode=options.mode, crf=options.crf,
      cache_dir=options.cache_dir, workers=options.workers)
  print(folder)
  if options.measure:
    from keras_weakseg.recipes import label_quality
    _print(label_quality.measure_label_maps(source, folder, options.split))


def _tune(options):
  """Searches how objects are found in boxes, on held-out masks."""
  from keras_weakseg import errors
  from keras_weakseg.recipes import label_quality
  try:
    alphas = [float(value) for value in options.alphas.split(",")]
  except ValueError:
    raise errors.value_error("The values of --alphas cannot be read.",
                             expected="numbers between commas", received=options.alphas,
                             fix="Write --alphas 0.2,0.5.") from None
  rows = label_quality.tune_label_maps(
      options.source_of(options), options.split, table=options.table, count=options.count,
      seed=options.seed, alphas=alphas, modes=options.modes.split(","),
      crfs=options.crf or ["bbox_seg"])
  for row in rows:
    print(f"mIoU {100 * row['mean_iou']:5.2f}  alpha {row['alpha']:g}  {row['mode']}  {row['crf']}")


def _print(figures):
  for name, iou in figures["class_iou"].items():
    print(f"  {name:20} " + ("-" if iou is None else f"{iou:.4f}"))
  print(f"mean_iou: {figures['mean_iou']:.4f}\npixel_accuracy: {figures['pixel_accuracy']:.4f}\n"
        f"samples: {figures['samples']}")
