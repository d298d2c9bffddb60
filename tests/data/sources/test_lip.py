"""LIP in its official layout: ids of lists, and left and right in a mirror."""
import numpy as np
import pytest

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.pipeline import bundle


def write(path, png, array):
  png(path.with_suffix(".png"), array)
  path.with_suffix(".png").rename(path)


def fill(root, png, inner=""):
  """Writes a miniature: a person whose left arm is red, on the right of the picture."""
  images, masks = root / "TrainVal_images" / inner, root / "TrainVal_parsing_annotations"
  for split, names in (("train", ("77_471474", "77_471475")), ("val", ("100034_483681",))):
    for name in names:
      image, mask = np.full((9, 9, 3), 40, np.uint8), np.zeros((9, 9), np.uint8)
      image[2:6, 1:3], mask[2:6, 1:3] = (0, 0, 200), 15
      image[2:6, 6:8], mask[2:6, 6:8] = (200, 0, 0), 14
      mask[6:, 4], mask[0, 4] = 18, 2
      write(images / f"{split}_images" / f"{name}.jpg", png, image)
      png(masks / f"{split}_segmentations" / f"{name}.png", mask)
    (images / f"{split}_id.txt").write_text("\n".join(names) + "\n")
  write(root / "Testing_images" / "testing_images" / "1.jpg", png, np.zeros((9, 9, 3), np.uint8))
  return root


@pytest.fixture
def tree(tmp_path, png):
  return fill(tmp_path / "lip", png)


@pytest.mark.parametrize("inner", ["", "TrainVal_images"])
def test_splits_and_classes(tmp_path, png, inner):
  fill(tmp_path / "lip", png, inner)
  source = data.Lip(data_dir=tmp_path)
  assert {split: source.ids(split) for split in source.splits()} == {
      "train": ("77_471474", "77_471475"), "val": ("100034_483681",), "test": ("1",)}
  assert source.num_classes == 20 and source.classes[14] == "left-arm"
  assert not source.supervision("test").any()
  assert source.flip_swaps == ((14, 15), (16, 17), (18, 19))
  sample = next(source.samples("val").as_numpy_iterator())
  assert np.flatnonzero(sample[fields.TAGS]).tolist() == [0, 2, 14, 15, 18]


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "/etc/passwd", "../val_images/9"])
def test_lists_cannot_lead_out_of_the_images(tree, name):
  (tree / "TrainVal_images" / "train_id.txt").write_text(f"77_471474\n{name}\n")
  with pytest.raises(FileNotFoundError, match="(?s)1 of 2 samples lack their image"):
    data.Lip(tree)


def test_a_mirrored_person_has_the_other_arm(tree):
  """Red is the left arm: in the mirror, what looks like it is a right one, and is blue's place."""
  source = data.Lip(tree)
  batches = bundle.Bundle([data.Part(source, batch_size=8)], data.Augmentation(crop=(9, 9)), 3)
  batch = next(iter(batches.batches()))
  red = batch["image"].numpy()[..., 0] > 150
  mirrored = red[:, 3, 1]
  assert 0 < mirrored.sum() < 8
  for flipped, picture, mask, tags in zip(mirrored, red, *(
      batch[name].numpy() for name in ("mask", "tags"))):
    assert set(mask[picture]) == {15 if flipped else 14}
    assert mask[8, 4] == (19 if flipped else 18) and mask[0, 4] == 2
    assert np.flatnonzero(tags).tolist() == [0, 2, 14, 15, 19 if flipped else 18]


def test_what_lacks_is_named(tree):
  masks = tree / "TrainVal_parsing_annotations"
  (masks / "train_segmentations" / "77_471474.png").unlink()
  with pytest.raises(FileNotFoundError, match="(?s)LIP is not complete: 1 of 2.*77_471474"):
    data.Lip(tree)
  next(tree.rglob("train_id.txt")).unlink()
  with pytest.raises(FileNotFoundError, match="(?s)list of the split 'train'.*train_id.txt"):
    data.Lip(tree)
  (masks / "train_segmentations").rename(masks / "away")
  with pytest.raises(FileNotFoundError, match="train_segmentations of LIP"):
    data.Lip(tree)
