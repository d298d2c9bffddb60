"""The command of sentences: `tags-of-sentences` writes the tags that they name."""
from keras_weakseg import cli_own_data


def add_commands(command):
  """Adds the command to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
  """
  parser = command("tags-of-sentences", _tags)
  parser.add_argument("sentences", metavar="SENTENCES",
                      help='JSON {"id": "text" or ["text", ...]}, or CSV id,text')
  parser.add_argument("output", metavar="OUTPUT", help="the tags.json that is written")
  parser.add_argument("--classes", required=True, metavar="FILE or NAMES",
                      help="classes.txt of the folder, or names between commas, background first")
  parser.add_argument("--synonyms", metavar="FILE",
                      help='JSON {"dog": ["puppy", ...]}; default: English words for VOC')


def _tags(options):
  """Writes tags.json from what was written beside photographs."""
  from keras_weakseg import data
  from keras_weakseg.files import json_files, schema
  from keras_weakseg.files import text as texts
  names = cli_own_data.names(options.classes)
  classes = names if len(names) > 1 else tuple(line for _, line in texts.read_lines(
      options.classes, "list of classes",
      fix="Name a classes.txt, or write names between commas, the background first."))
  synonyms = options.synonyms and json_files.read_json(
      options.synonyms, "file of synonyms", schema.map_of(schema.list_of(schema.text)),
      form='JSON {"class": ["word", ...]}', fix="Check the path of the synonyms.")
  tags = data.tags_of_sentences(options.sentences, classes, options.output, synonyms)
  for name in classes[1:]:
    print(f"  {name:20} {sum(name in of_image for of_image in tags.values())}")
  print(f"{len(tags)} images with tags: {options.output}")
