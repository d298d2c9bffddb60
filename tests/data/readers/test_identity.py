"""Which image a name means: its whole path, in the spellings that people and tools use."""
import pytest

from keras_weakseg.data.readers import identity

IMAGES = {"a": "root/images/a.jpg", "train/a": "root/images/train/a.png",
          "b.v1": "root/images/b.v1.jpg", "x\\y": "root/images/x\\y.jpg"}
NAMES = identity.Identities(IMAGES, "root")


@pytest.mark.parametrize("text, name", [
    ("a", "a"), ("a.jpg", "a"), ("a.PNG", "a"), ("./a.jpg", "a"), ("train/a.jpg", "train/a"),
    ("train\\a.jpg", "train/a"), (".\\train\\a", "train/a"), ("images/a.jpg", "a"),
    ("images\\train\\a.jpg", "train/a"), ("root/images/a.jpg", "a"), ("b.v1", "b.v1"),
    ("b.v1.jpg", "b.v1"), ("x\\y", "x\\y"), ("val/a.jpg", None), ("b", None), ("A.jpg", None),
    ("", None), ("/a", None), ("a.txt", None), ("other/train/a", None), ("../images/a", None)])
def test_the_whole_path_decides(text, name):
  assert NAMES.find(text) == name


def test_a_name_of_two_images_is_refused():
  images = {"a": "root/train/a.jpg", "train/a": "root/images/train/a.jpg"}
  both = identity.Identities(images, "root")
  with pytest.raises(ValueError, match="(?s)'train/a.jpg' belongs to two.*train/a.jpg, root"):
    both.find("train/a.jpg")
  assert both.find("train/a") == "train/a" and both.find("a") == "a"


@pytest.mark.parametrize("ids", [[0, 1], ["a", 1], "abc", b"a", 5, [None], [b"a"], [1.5]])
def test_what_is_no_list_of_texts_is_refused(ids):
  with pytest.raises(ValueError, match="(?s)list does not hold ids.*'im00'.*positions are none"):
    identity.texts(ids, "list")
  assert identity.texts(iter(["a"]), "list") == ("a",)


@pytest.mark.parametrize("name, stem", [("a.jpg", "a"), ("a.b", "a.b"), ("a.TIFF", "a"),
                                        ("a", "a")])
def test_only_suffixes_of_images_are_taken_off(name, stem):
  assert identity.without_suffix(name) == stem
