"""Tags out of sentences: words, plurals, words in words, files, and the folder that reads them."""
import json

import pytest

from keras_weakseg.data import sentences
from keras_weakseg.data import tag_files
from keras_weakseg.datasets import labels

VOC = labels.VOC.classes


@pytest.mark.parametrize("text, names", [
    ("A dog.", ["dog"]), ("DOGS!", ["dog"]), ("two puppies", ["dog"]), ("dogma", []),
    ("my bus and three buses", ["bus"]), ("A woman on her bike", ["bicycle", "person"]),
    ("the dining  table", ["diningtable"]), ("potted plants by a sofa", ["pottedplant", "sofa"]),
    ("background", []), ("", [])])
def test_words_mean_classes(text, names):
  assert sentences.tags_in(text, VOC) == names


def test_every_class_is_found_by_its_name_and_no_word_means_two():
  for name in VOC[1:]:
    assert sentences.tags_in(f"one {name} here", VOC) == [name]
  words = [word for several in sentences.VOC_SYNONYMS.values() for word in several]
  assert len(words) == len(set(words)) and set(sentences.VOC_SYNONYMS) <= set(VOC)


def test_own_words_and_words_that_mean_nothing():
  classes = ("background", "dog", "cat")
  synonyms = {"dog": ("Hund", "Hunde"), "": ("hot dog",)}
  assert sentences.tags_in("Zwei Hunde", classes, synonyms) == ["dog"]
  assert sentences.tags_in("a hot dog and a cat", classes, synonyms) == ["cat"]
  assert sentences.tags_in("a puppy", classes, synonyms) == []


@pytest.mark.parametrize("name, content", [
    ("s.json", json.dumps({"a": "A dog", "b": ["Nothing", "a kitten"], "c": "sky"})),
    ("s.csv", 'id,text\na,A dog\nb,Nothing\nb,"a kitten, asleep"\nc,sky\n')])
def test_files_become_tags_of_a_folder(tmp_path, name, content):
  (tmp_path / name).write_text(content)
  found = sentences.tags_of_sentences(tmp_path / name, VOC, tmp_path / "tags.json")
  assert found == {"a": ["dog"], "b": ["cat"]} == tag_files.read_tags(tmp_path / "tags.json")


@pytest.mark.parametrize("name, content, words", [
    ("s.json", '{"a": 3}', "entry 'a'"), ("s.csv", "id,words\na,dog\n", "header id,words"),
    ("s.csv", "id,text\na\n", "line 2"), ("s.json", '{"a": "sky"}', "No sentence names")])
def test_mistakes_are_named_and_nothing_is_written(tmp_path, name, content, words):
  (tmp_path / name).write_text(content)
  with pytest.raises(ValueError, match=words):
    sentences.tags_of_sentences(tmp_path / name, VOC, tmp_path / "tags.json")
  assert not (tmp_path / "tags.json").exists()


def test_synonyms_of_a_misspelt_class_are_refused(tmp_path):
  (tmp_path / "s.json").write_text('{"a": "a puppy"}')
  with pytest.raises(ValueError, match="Did you mean 'dog'"):
    sentences.tags_of_sentences(tmp_path / "s.json", VOC, tmp_path / "tags.json",
                                {"dgo": ("puppy",), "": ("hot dog",)})
