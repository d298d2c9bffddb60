"""The command of sentences: what it writes, with whose words, and what it refuses."""
import json

import pytest

from keras_weakseg import cli


@pytest.fixture
def sentences(tmp_path):
  (tmp_path / "s.csv").write_text("id,text\na,two puppies\nb,Ein Hund\nc,sky\n")
  (tmp_path / "classes.txt").write_text("background\ncat\ndog\n")
  return tmp_path


def test_words_of_voc_are_known_and_others_are_given(sentences, capsys):
  out = sentences / "tags.json"
  given = ["tags-of-sentences", str(sentences / "s.csv"), str(out)]
  assert cli.main([*given, "--classes", str(sentences / "classes.txt")]) == 0
  assert json.loads(out.read_text()) == {"a": ["dog"]}
  printed = capsys.readouterr().out
  assert printed == "  dog                  1\n1 images with tags\n"
  (sentences / "words.json").write_text('{"dog": ["Hund"]}')
  assert cli.main([*given, "--classes", "background,cat,dog", "--synonyms",
                   str(sentences / "words.json")]) == 0
  assert json.loads(out.read_text()) == {"b": ["dog"]}


@pytest.mark.parametrize("words, text", [
    ('{"dgo": ["Hund"]}', "Did you mean 'dog'"), ('{"dog": "Hund"}', "words.json"),
    ('{"dog": ["Katze"]}', "No sentence names a class")])
def test_mistakes_write_nothing(sentences, capsys, words, text):
  (sentences / "words.json").write_text(words)
  assert cli.main(["tags-of-sentences", str(sentences / "s.csv"), str(sentences / "tags.json"),
                   "--classes", "background,cat,dog", "--synonyms",
                   str(sentences / "words.json")]) == 2
  assert text in capsys.readouterr().err and not (sentences / "tags.json").exists()
