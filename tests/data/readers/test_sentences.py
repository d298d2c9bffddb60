"""Tags out of sentences: words, plurals, words in words, files, and the folder that reads them."""
import json

import pytest

from keras_weakseg.data.readers import sentences
from keras_weakseg.data.readers import tag_files
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
  found = sentences.tags_of_sentences(tmp_path / name, tmp_path / "tags.json", classes=VOC)
  assert found == {"a": ["dog"], "b": ["cat"]} == tag_files.read_tags(tmp_path / "tags.json")


@pytest.mark.parametrize("name, content, words", [
    ("s.json", '{"a": 3}', "entry 'a'"), ("s.csv", "id,words\na,dog\n", "header id,words"),
    ("s.csv", "id,text\na\n", "line 2"), ("s.json", '{"a": "sky"}', "No sentence names")])
def test_mistakes_are_named_and_nothing_is_written(tmp_path, name, content, words):
  (tmp_path / name).write_text(content)
  with pytest.raises(ValueError, match=words):
    sentences.tags_of_sentences(tmp_path / name, tmp_path / "tags.json", classes=VOC)
  assert not (tmp_path / "tags.json").exists()


def test_the_name_of_a_class_beats_the_words_of_others():
  # `table` and `plane` are words for classes of VOC that are none here.
  assert sentences.tags_in("a plane on a table", ("background", "plane", "table")) == [
      "plane", "table"]
  assert sentences.tags_in("two glasses", ("background", "glass", "glasses")) == ["glasses"]


@pytest.mark.parametrize("classes, synonyms, words", [
    (("background",), None, "two or more"),
    (("background", "dog", "dog"), None, "different names"), (("background", ""), None, "names"),
    (("background", "dog"), {"dog": [""]}, "synonyms of 'dog' cannot be used"),
    (("background", "dog"), {"dog": "puppy"}, "another form"),
    (("background", "dog"), ["dog"], "another form"),
    (("background", "dog"), {"dog": [None]}, "another form"),
    (("background", "dog", "cat"), {"dog": ["pet"], "cat": ["Pet"]}, "'pet', which means 'dog'"),
    (("background", "dog", "cat"), {"cat": ["dog"]}, "'dog', which means 'dog'")])
def test_words_that_could_mean_anything_are_refused(tmp_path, classes, synonyms, words):
  (tmp_path / "s.json").write_text('{"a": "a dog, a pet and a puppy"}')
  with pytest.raises(ValueError, match=f"(?s)(?=.*Expected: ).*{words}"):
    sentences.tags_of_sentences(tmp_path / "s.json", tmp_path / "tags.json", classes=classes,
                                synonyms=synonyms)
  assert not (tmp_path / "tags.json").exists()


def test_sentences_are_not_replaced_by_their_tags(tmp_path):
  (tmp_path / "s.json").write_text('{"a": "a dog"}')
  with pytest.raises(ValueError, match="would replace the sentences"):
    sentences.tags_of_sentences(
        tmp_path / "s.json", tmp_path / "x" / ".." / "s.json", classes=VOC)
  assert (tmp_path / "s.json").read_text() == '{"a": "a dog"}'
  (tmp_path / "s.json").write_text('{" ": "a dog"}')
  with pytest.raises(ValueError, match="an entry without an id"):
    sentences.tags_of_sentences(tmp_path / "s.json", tmp_path / "tags.json", classes=VOC)


def test_synonyms_of_a_misspelt_class_are_refused(tmp_path):
  (tmp_path / "s.json").write_text('{"a": "a puppy"}')
  with pytest.raises(ValueError, match="Did you mean 'dog'"):
    sentences.tags_of_sentences(tmp_path / "s.json", tmp_path / "tags.json", classes=VOC, synonyms=
                                {"dgo": ("puppy",), "": ("hot dog",)})
