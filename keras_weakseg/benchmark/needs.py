"""What the rows of a suite read: data and pretrained weights, by what their experiments say."""
from keras_weakseg.benchmark import references
from keras_weakseg.configs import overrides


def needs(rows):
  """Returns the data and the pretrained weights that rows to train name, each once.

  Nothing is opened, so what is named need not be there.

  Args:
    rows: `Row`s; those that are not trained read what others leave.

  Returns:
    Two sorted lists of str; weights that another row leaves are no part of them.
  """
  data, weights = set(), set()
  for row in rows:
    if row.kind == "train":
      experiment = overrides.resolve(
          row.experiment, overrides=[row.overrides, row.start]).as_dict()
      data |= {_data(each) for each in experiment["data"]["sources"]}
      weights |= {text for text in _pretrained(experiment) if not references.rows_of(text)}
  return sorted(data), sorted(weights)


def _data(source):
  """Returns how a source is called."""
  if source["kind"] == "tfds":
    return source["dataset"]
  return " ".join(word for word in (source["kind"], source["path"]) if word)


def _pretrained(values):
  """Returns every `pretrained` that is not empty, wherever it is in nested values."""
  if isinstance(values, (list, tuple)):
    return [text for value in values for text in _pretrained(value)]
  if not isinstance(values, dict):
    return []
  own = values.get("pretrained")
  return ([own] if own and isinstance(own, str) else []) + _pretrained(list(values.values()))
