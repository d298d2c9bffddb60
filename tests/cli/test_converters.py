"""What was written becomes values of the types that the signatures say."""
import pytest

from keras_weakseg.cli import converters
from keras_weakseg.cli import parsing
from keras_weakseg.cli import signatures


def arguments(words):
  name, given, _ = parsing.parse(words)
  return converters.arguments_of(signatures.call(name), given)


@pytest.mark.parametrize("words, expected", [
    (["prune", "a", "b", "--size", "32,64", "--to=0.5", "--norm", "1", "--no-progress"],
     {"target": "a", "output": "b", "size": [32, 64], "to": 0.5, "norm": 1, "progress": False}),
    (["fit", "x", "--recipe-options", "weak=[dog, horse], rounds=2", "--seeds", "1,2"],
     {"experiment": "x", "weak": ["dog", "horse"], "rounds": 2, "seeds": [1, 2]}),
    (["evaluate", "a", "--size=1,2", "--present-only", "--scale", "5.4"],
     {"target": "a", "protocol": {"size": [1, 2], "present_only": True, "scale": "5.4"}}),
    (["predict", "a", "x,y.jpg", "z.jpg", "o", "--trace", "--no-overlays", "--threshold", "0.3"],
     {"target": "a", "inputs": ["x,y.jpg", "z.jpg"], "output": "o", "trace": True,
      "overlays": False, "protocol": {"threshold": 0.3}}),
    (["tune-crf", "a", "--grid", "bilateral_weight=[3, 4]"],
     {"target": "a", "grid": {"bilateral_weight": [3, 4]}}),
    (["tags-of-sentences", "s", "o", "--classes", "background, cat"],
     {"sentences": "s", "output": "o", "classes": ["background", "cat"]}),
    (["tags-of-sentences", "s", "o", "--classes", "c.txt"],
     {"sentences": "s", "output": "o", "classes": "c.txt"}),
    (["cluster-files", "slurm", "j", "--hosts", "2", "--run", "fit a, b"],
     {"kind": "slurm", "output": "j", "hosts": 2, "run": "fit a, b"})])
def test_words_become_values(words, expected):
  assert arguments(words) == expected


@pytest.mark.parametrize("words, text", [
    (["prune", "a", "b", "--to", "half"], "one of the numbers. Received: 'half'"),
    (["tune-crf", "a", "--count", "1.5"], "--count=100"),
    (["tune-crf", "a", "--grid", "a"], "--grid")])
def test_what_cannot_be_read_says_how_to_write_it(words, text):
  with pytest.raises(ValueError, match="(?s)Expected: .*Received: ") as error:
    arguments(words)
  assert text in str(error.value)
