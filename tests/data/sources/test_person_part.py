"""Pascal-Person-Part in its official layouts: annotations of PASCAL-Part, and the usual PNG."""
import numpy as np
import pytest
import scipy.io

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.sources import person_part
from keras_weakseg.datasets import labels

SIZE = (8, 10)


def box(top, bottom, left, right):
  mask = np.zeros(SIZE, np.uint8)
  mask[top:bottom, left:right] = 1
  return mask


def thing(name, mask, parts=()):
  """Returns an object as the annotations hold it."""
  rows = np.zeros((1, len(parts)), [("part_name", object), ("mask", object)])
  for index, (part, where) in enumerate(parts):
    rows[0, index] = part, where
  return {"class": name, "class_ind": 15, "mask": mask,
          "parts": rows if parts else np.zeros((0, 0))}


def anno(path, *things):
  rows = np.zeros((1, len(things)), [(name, object) for name in (
      "class", "class_ind", "mask", "parts")])
  for index, entry in enumerate(things):
    rows[0, index] = tuple(entry.values())
  path.parent.mkdir(exist_ok=True)
  scipy.io.savemat(path, {"anno": {"imname": path.stem, "objects": rows}})
  return path


PERSON = thing("person", box(0, 8, 0, 4), [
    ("head", box(0, 2, 0, 4)), ("hair", box(0, 1, 0, 4)), ("neck", box(2, 3, 0, 4)),
    ("torso", box(3, 4, 0, 4)), ("luarm", box(4, 5, 0, 2)), ("rhand", box(4, 5, 2, 4)),
    ("ruleg", box(5, 6, 0, 4)), ("lfoot", box(6, 7, 0, 4))])
EXPECTED = [[1] * 4, [1] * 4, [2] * 4, [2] * 4, [3, 3, 4, 4], [5] * 4, [6] * 4, [0] * 4]


@pytest.fixture
def tree(tmp_path, png):
  """Returns a miniature of VOC with annotations of PASCAL-Part and lists of both forms."""
  root = tmp_path / "person_part"
  for number, name in enumerate(("2008_000003", "2008_000008", "2008_000009")):
    png(root / "JPEGImages" / f"{name}.png", np.full((*SIZE, 3), number, np.uint8))
    (root / "JPEGImages" / f"{name}.png").rename(root / "JPEGImages" / f"{name}.jpg")
  horse = thing("horse", box(0, 8, 4, 6), [("lfho", box(7, 8, 4, 6))])
  anno(root / "Annotations_Part" / "2008_000003.mat", PERSON, horse)
  anno(root / "Annotations_Part" / "2008_000008.mat", PERSON, thing("person", box(0, 8, 7, 10)))
  anno(root / "Annotations_Part" / "2008_000009.mat", horse)
  lists = root / "pascal_person_part_trainval_list"
  lists.mkdir()
  (lists / "train_id.txt").write_text("2008_000003\n2008_000008\n")
  (lists / "val.txt").write_text("/JPEGImages/2008_000009.jpg /SegmentationPart/2008_000009.png\n")
  return root


def test_annotations_become_six_parts(tree):
  source = data.PersonPart(data_dir=tree.parent)
  assert source.classes == labels.SCENE_PARTS.classes and source.flip_swaps == ()
  assert [len(source.ids(split)) for split in ("train", "val")] == [2, 1]
  one, two = source.samples("train").as_numpy_iterator()
  assert one[fields.MASK][:, :4].tolist() == EXPECTED and not one[fields.MASK][:, 4:].any()
  assert one[fields.TAGS].tolist() == [1] * 7
  # A person whose parts nobody has drawn is unknown, not background.
  assert (two[fields.MASK][:, 7:] == 255).all() and not two[fields.MASK][:, 4:7].any()
  third = next(source.samples("val").as_numpy_iterator())
  assert not third[fields.MASK].any() and third[fields.TAGS].tolist() == [1, 0, 0, 0, 0, 0, 0]


def test_png_are_read_as_they_are(tree, png):
  (tree / "Annotations_Part").rename(tree / "away")
  with pytest.raises(FileNotFoundError, match="(?s)annotations of Person-Part.*pascal_person_part"):
    data.PersonPart(tree)
  for number, name in enumerate(("2008_000003", "2008_000008", "2008_000009")):
    png(tree / "pascal_person_part_gt" / f"{name}.png", np.full(SIZE, 2 * number, np.uint8))
  source = data.PersonPart(tree)
  assert [int(sample[fields.MASK][0, 0]) for split in ("train", "val")
          for sample in source.samples(split).as_numpy_iterator()] == [0, 2, 4]
  png(tree / "pascal_person_part_gt" / "2008_000003.png", np.full(SIZE, 7, np.uint8))
  with pytest.raises(Exception, match="(?s)labels that are no class.*0..6"):
    list(source.samples("train"))


def test_what_lacks_is_named(tree):
  (tree / "Annotations_Part" / "2008_000008.mat").unlink()
  with pytest.raises(FileNotFoundError, match="(?s)1 of 2 samples lack their annotation.*000008"):
    data.PersonPart(tree)
  assert data.PersonPart(tree, splits={"train": ["2008_000003"]}).splits() == ("train",)
  (tree / "pascal_person_part_trainval_list" / "val.txt").unlink()
  with pytest.raises(FileNotFoundError, match="(?s)list of the split|1 of 2"):
    data.PersonPart(tree)


def test_annotations_of_others_are_refused(tmp_path):
  unknown = thing("person", box(0, 8, 0, 4), [("wing", box(0, 1, 0, 1))])
  with pytest.raises(ValueError, match="(?s)one of head.*'wing'"):
    person_part.read_parts(str(anno(tmp_path / "a.mat", unknown)))
  other = thing("person", box(0, 8, 0, 4), [("head", np.ones((2, 2), np.uint8))])
  with pytest.raises(ValueError, match=r"8x10.*\[2, 2\]"):
    person_part.read_parts(str(anno(tmp_path / "b.mat", other)))
  scipy.io.savemat(tmp_path / "c.mat", {"anno": {"imname": "c"}})
  with pytest.raises(ValueError, match="not one of PASCAL-Part"):
    person_part.read_parts(str(tmp_path / "c.mat"))


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "/etc/passwd.jpg /etc/2008_000003.png"])
def test_lists_cannot_lead_out_of_the_images(tree, name):
  for split in ([name], tree / "mine.txt"):
    (tree / "mine.txt").write_text(f"\n{name}\n")
    with pytest.raises(FileNotFoundError, match="(?s)1 of 1 samples lack their image"):
      data.PersonPart(tree, splits={"train": split})
  assert person_part.read_ids(["", " ", "2008_000003"]) == ("2008_000003",)
