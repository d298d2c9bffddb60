"""The command that writes sharded TFRecord files: `make-records`."""


def add_commands(command, add_data, source_of):
  """Adds the command to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
    add_data: function that adds the flags which describe a data source.
    source_of: function of the parsed options that returns this source.
  """
  parser = command("make-records", _make)
  parser.set_defaults(source_of=source_of)
  parser.add_argument("output", metavar="OUTPUT", help="folder of the records")
  parser.add_argument("data", nargs="?", metavar="FOLDER", help="a folder of images and labels")
  add_data(parser)
  parser.add_argument("--tfds", metavar="NAME", help="a TFDS data set instead, as kw.data.Tfds")
  parser.add_argument("--split", action="append", help="may be repeated; default: all")
  parser.add_argument("--shards", type=int, default=16, help="files of each split, default: 16")


def _make(options):
  """Writes images and labels as a few large files, or continues to."""
  from keras_weakseg import data
  source = (data.Tfds(options.tfds, data_dir=options.data_dir) if options.tfds
            else options.source_of(options))
  for split in options.split or _filled(source):
    print(data.make_records(source, split, options.output, options.shards))


def _filled(source):
  """Yields the splits, but for those that may be empty and are."""
  for split in source.splits():
    try:
      source.ids(split)
    except ValueError:
      if split not in source.origin.optional:
        raise
    else:
      yield split
