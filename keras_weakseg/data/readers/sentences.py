"""Tags out of sentences: what people wrote beside their photographs, made into `tags.json`."""
import os
import re

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.files import csv_files
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import text as texts
from keras_weakseg.files import writing

_NOUN, _FIX = "file of sentences", "Check the path of the sentences."
_FORM = 'JSON {"id": "text" or ["text", ...]} or CSV with the header id,text'
_LIMIT = 1 << 28  # bytes

# Words for the classes of VOC that are not their names; every word also stands for its plural.
VOC_SYNONYMS = {
    "aeroplane": ("airplane", "plane", "jet", "aircraft"), "bicycle": ("bike", "cycle"),
    "bird": ("parrot", "duck", "goose", "owl", "eagle", "gull", "seagull", "sparrow", "swan"),
    "boat": ("ship", "sailboat", "yacht", "ferry", "canoe", "kayak"),
    "bottle": ("flask", "wine bottle"), "bus": ("coach",),
    "car": ("automobile", "taxi", "cab", "jeep", "sedan"), "cat": ("kitten", "kitty"),
    "chair": ("armchair",), "cow": ("cattle", "calf", "bull", "ox"),
    "diningtable": ("dining table", "table"), "dog": ("puppy", "pup", "hound", "terrier", "poodle"),
    "horse": ("pony", "foal", "mare", "stallion"), "motorbike": ("motorcycle", "scooter", "moped"),
    "person": ("man", "men", "woman", "women", "people", "boy", "girl", "child", "children",
               "baby", "rider"),
    "pottedplant": ("potted plant", "houseplant", "house plant"),
    "sheep": ("lamb", "ewe"), "sofa": ("couch", "settee"),
    "train": ("locomotive", "tram"), "tvmonitor": ("tv", "television", "monitor")}


def tags_in(text, classes, synonyms=None):
  """Returns the classes that a text names, in the order of `classes`.

  Whole words count, in any case, alone or in the plural; of words that lie in each other the
  longest counts: a `hot dog` is no dog where it is a word of its own. The name of a class means
  that class, whatever the synonyms of others are. The background is never said.

  Args:
    text: a sentence, or several.
    classes: class names, index 0 = background.
    synonyms: dict of class name to further words; None = `VOC_SYNONYMS`. A name that is no class,
      such as `""`, holds words that mean none.

  Example:
    >>> tags_in("Two puppies and a hot dog", ("background", "cat", "dog"))
    ['dog']
  """
  said = [(name, word) for name, words in (VOC_SYNONYMS if synonyms is None else synonyms).items()
          for word in words]
  said.sort(key=lambda pair: pair[0] in classes)  # Those of no class come first, and are replaced.
  meant = {form: name for name, word in [*said, *((name, name) for name in classes[1:])]
           for form in _forms(word.lower())}
  longest = sorted(meant, key=len, reverse=True)
  pattern = r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)"
  found = {meant[match] for match in re.findall(pattern, " ".join(text.lower().split()))}
  return [name for name in classes[1:] if name in found]


def tags_of_sentences(sentences: arguments.Path, output: arguments.Path, *,
                      classes: arguments.Names, synonyms: arguments.Words | None = None) -> dict:
  """Writes the tags that sentences name as `tags.json`, which `Folder` reads.

  What was written beside a photograph is not always in it: such tags are noisy, and dual learning
  cleans them. An image whose sentences name no class gets no entry, so nothing is learned from it.

  Args:
    sentences: `.json` file `{id: text}` or `{id: [text, ...]}`, or a `.csv` file with the header
      `id,text`; several rows of an id join.
    output: path of the JSON file that is written.
    classes: class names, index 0 = background, or the path of a `classes.txt` of one a line.
    synonyms: as of `tags_in`, or the path of a JSON file of it; names that are no class must be
      `""`: they are likely misspelt.

  Returns:
    Dict of id to list of class names.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: the file has another form, synonyms are of no class, of two, or empty, no sentence
      names a class, or the output is the file itself.
  """
  sentences, output = paths.expand(sentences), paths.expand(output)
  classes, synonyms = _listed(classes), _read_synonyms(synonyms)
  _check_words(classes, synonyms or {})
  texts_of = _read(sentences)
  if os.path.abspath(sentences) == os.path.abspath(output):
    raise errors.value_error("The tags would replace the sentences.", expected="another output",
                             received=str(output), fix="Write them to tags.json or the like.")
  found = {name: tags_in(text, tuple(classes), synonyms) for name, text in texts_of.items()}
  tags = {name: names for name, names in found.items() if names}
  if not tags:
    raise errors.value_error(
        "No sentence names a class.", expected="words for " + ", ".join(classes[1:]),
        received=f"{len(texts_of)} texts without any",
        fix="Pass synonyms={'dog': ('puppy', ...)} in the language of the texts.")
  writing.write_json(output, tags)
  return tags


def _listed(classes):
  """Returns class names: themselves, or the lines of a file."""
  if not isinstance(classes, (str, os.PathLike)):
    return list(classes)
  return [line for _, line in texts.read_lines(
      paths.expand(classes), "list of classes",
      fix="Name a classes.txt, or all names, the background first.")]


def _read_synonyms(synonyms):
  """Returns synonyms: themselves, or those of a file."""
  if not isinstance(synonyms, (str, os.PathLike)):
    return synonyms
  return json_files.read_json(
      paths.expand(synonyms), "file of synonyms", schema.map_of(schema.list_of(schema.text)),
      form='JSON {"class": ["word", ...]}', fix="Check the path of the synonyms.")


def _check_words(classes, synonyms):
  """Refuses classes and synonyms that do not say which word means what."""
  if len(classes) < 2 or len(set(classes)) < len(classes) or not all(
      isinstance(name, str) and name.strip() for name in classes):
    raise errors.value_error(
        "The classes cannot be used.", expected="two or more different names, the background first",
        received=repr(classes), fix="Pass ('background', 'dog', ...), or a classes.txt of lines.")
  owner = {name.lower(): name for name in classes}
  for name, words in _synonyms(synonyms).items():
    if name and name not in classes:
      raise errors.unknown_name("class of synonyms", name, classes)
    for word in (word.strip().lower() for word in words):
      other = owner.setdefault(word, name)
      if not word or other != name:
        raise errors.value_error(
            f"The synonyms of '{name}' cannot be used.",
            expected="words that mean one class alone",
            received=f"'{word}'" + (f", which means '{other}'" if word else ""),
            fix="Remove the word from one of them.")


def _synonyms(synonyms):
  """Returns synonyms, a dict of class name to a list of words; refuses anything else."""
  fine = isinstance(synonyms, dict) and all(
      isinstance(words, (list, tuple)) and all(isinstance(word, str) for word in words)
      for words in synonyms.values())
  if not fine:
    raise errors.value_error(
        "The synonyms have another form.", expected="{'dog': ['puppy', ...], ...}",
        received=repr(synonyms), fix="Write a list of words for every class.")
  return synonyms


def _read(path):
  """Returns a dict of id to text."""
  if str(path).lower().endswith(".csv"):
    (_, header), *rows = csv_files.read_rows(path, _NOUN, _FORM, _FIX) or [(1, [])]
    wrong = [line for line, cells in rows if len(cells) != 2 or not cells[0]]
    if [name.lower() for name in header] != ["id", "text"] or wrong:
      raise texts.unreadable(
          _NOUN, path, _FORM, f"line {wrong[0]}" if wrong else f"the header {','.join(header)}",
          "Write id,text into the first line; a comma within a text needs quotes.")
    found = {}
    for _, (name, text) in rows:
      found[name] = f"{found[name]} . {text}" if name in found else text
    return found
  content = json_files.read_json(path, _NOUN, schema.map_of(schema.anything), form=_FORM,
                                 limit=_LIMIT, fix=_FIX)
  found = {}
  for name, value in content.items():
    if not name.strip():
      raise texts.unreadable(_NOUN, path, _FORM, "an entry without an id",
                             "Write the id of the photograph.")
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in several):
      raise texts.unreadable(_NOUN, path, _FORM, f"the entry '{name}' is no text",
                             "Write a text, or a list of texts.")
    found[name] = " . ".join(several)
  return found


def _forms(word):
  """Returns a word and its plurals as they are written."""
  forms = [word, word + "s"]
  if word.endswith("y"):
    forms.append(word[:-1] + "ies")
  if word.endswith(("s", "x", "ch", "sh")):
    forms.append(word + "es")
  return forms
