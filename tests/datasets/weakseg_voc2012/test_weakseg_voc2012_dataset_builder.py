"""VOC 2012 with SBD from every tree that people have, and the animals subset."""
import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels

tfds = pytest.importorskip("tensorflow_datasets")
Image = pytest.importorskip("PIL.Image")


def test_the_official_voc_tree_with_sbd_masks(builders, voc, tmp_path):
  root, masks = voc.official(tmp_path)
  builder = builders.prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  builders.check_contract(builder)
  assert {name: info.num_examples for name, info in builder.info.splits.items()} == {
      "train": 2, "val": 1, "extra": 2}
  aliases = builder.info.metadata[features.SPLIT_ALIASES]
  joined = builders.read(builder, aliases["train_aug"])
  assert sorted(joined) == sorted(voc.splits["train"] + voc.extra)
  stored = {**builders.read(builder, "train"), **builders.read(builder, "extra")}
  # VOC's own masks, with their ignored outline, go before SBD's.
  np.testing.assert_array_equal(stored["2007_a"][fields.MASK][..., 0], masks["2007_a"])
  assert (stored["2008_d"][fields.MASK] == 255).sum() == 0
  assert np.flatnonzero(stored["2007_a"][fields.TAGS]).tolist() == [0, 12]
  assert np.flatnonzero(stored["2007_b"][fields.TAGS]).tolist() == [0, 6, 12]
  np.testing.assert_allclose(stored["2007_a"][fields.BOXES], [[4 / 20, 5 / 30, 12 / 20, 15 / 30]])
  assert stored["2007_a"][fields.BOX_CLASSES].tolist() == [12]
  raw = builder.as_dataset("train", decoders={fields.IMAGE: tfds.decode.SkipDecoding()})
  kept = {element[fields.SAMPLE_ID].decode(): element[fields.IMAGE]
          for element in raw.as_numpy_iterator()}
  assert kept["2007_a"] == (root / "JPEGImages" / "2007_a.jpg").read_bytes()


def test_sbd_as_published_in_matlab_files(builders, voc, tmp_path):
  scipy_io = pytest.importorskip("scipy.io")
  root = tmp_path / "VOC2012"
  masks = voc.write(root, {**voc.splits, "not_a_split": voc.extra})
  for name in ("2007_a", "2007_b", "2007_c"):
    builders.write_mask(root / "SegmentationClass", name, masks[name])
  sbd = tmp_path / "benchmark_RELEASE" / "dataset" / "cls"
  sbd.mkdir(parents=True)
  for name in ["2007_b", *voc.extra]:
    content = {"Boundaries": 0, "Segmentation": masks[name] % 255, "CategoriesPresent": 12}
    scipy_io.savemat(sbd / f"{name}.mat", {"GTcls": content})
  builder = builders.prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  stored = {**builders.read(builder, "train"), **builders.read(builder, "extra")}
  assert sorted(stored) == sorted(voc.splits["train"] + voc.extra)
  np.testing.assert_array_equal(stored["2008_e"][fields.MASK][..., 0], masks["2008_e"] % 255)
  np.testing.assert_array_equal(stored["2007_b"][fields.MASK][..., 0], masks["2007_b"])


def test_the_official_archive_is_extracted(builders, voc, tmp_path):
  import tarfile
  voc.official(tmp_path / "source")
  manual = tmp_path / "manual"
  manual.mkdir()
  with tarfile.open(manual / "VOCtrainval_11-May-2012.tar", "w") as archive:
    archive.add(tmp_path / "source" / "VOCdevkit", "VOCdevkit")
  builder = builders.prepare("weakseg_voc2012/voc_train_val", tmp_path, manual=manual)
  assert sorted(builders.read(builder, "train+val")) == ["2007_a", "2007_b", "2007_c"]


def test_animals_keep_seven_classes_and_take_tags_from_the_file(builders, voc, tmp_path):
  root = tmp_path / "voc_animals"
  masks = voc.write(root, {"train": ["a", "b"], "val": ["c"], "weak": ["d"]})
  for name, mask in masks.items():
    builders.write_mask(root / "SegmentationClassAug", name, mask)
  (root / "tags.json").write_text('{"a": ["dog"], "b": ["bus", "dog"], "c": ["dog"], "d": ["cat"]}')
  builder = builders.prepare("weakseg_voc2012/animals", tmp_path, manual=tmp_path)
  stored = builders.read(builder, "train+weak")
  expected = np.where(masks["b"] == 12, 3, np.where(masks["b"] == 0, 0, 255))
  np.testing.assert_array_equal(stored["b"][fields.MASK][..., 0], expected)
  assert stored["b"][fields.TAGS].tolist() == [1, 0, 0, 1, 0, 0, 0]
  assert stored["d"][fields.TAGS].tolist() == [1, 1, 0, 0, 0, 0, 0]
  assert stored["a"][fields.BOX_CLASSES].tolist() == [3]


def test_every_missing_path_of_voc_is_listed(builders, voc, tmp_path):
  with pytest.raises(FileNotFoundError) as info:
    builders.prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  for place in ("VOCdevkit/VOC2012/JPEGImages", "VOC2012/ImageSets/Segmentation", "Annotations"):
    assert str(tmp_path / place) in str(info.value)
  root, _ = voc.official(tmp_path)
  gone = [root / "JPEGImages" / "2008_d.jpg", root / "Annotations" / "2007_a.xml",
          root / "JPEGImages" / "2007_c.jpg"]
  for path in gone:
    path.unlink()
  with pytest.raises(FileNotFoundError) as info:
    builders.prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  assert all(str(path) in str(info.value) for path in gone)
  assert "2007_b.jpg" not in str(info.value)


def test_voc_without_sbd_says_what_would_do(builders, voc, tmp_path):
  root = tmp_path / "VOC2012"
  for name, mask in voc.write(root, voc.splits).items():
    builders.write_mask(root / "SegmentationClass", name, mask)
  with pytest.raises(FileNotFoundError, match="SBD were not found") as info:
    builders.prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  assert "SegmentationClassAug" in str(info.value) and "voc_train_val" in str(info.value)
  builders.prepare("weakseg_voc2012/voc_train_val", tmp_path, manual=tmp_path)


def test_a_colour_mask_is_refused(builders, voc, tmp_path):
  root, _ = voc.official(tmp_path)
  Image.fromarray(np.zeros([20, 30, 3], np.uint8)).save(root / "SegmentationClass" / "2007_a.png")
  with pytest.raises(ValueError, match="does not hold class ids"):
    builders.prepare("weakseg_voc2012/voc_train_val", tmp_path, manual=tmp_path)
  builders.write_mask(root / "SegmentationClass", "2007_a", np.full([20, 30], 40, np.uint8))
  with pytest.raises(ValueError, match=r"'2007_a' has labels.*\n.*\[40\]"):
    builders.prepare("weakseg_voc2012/voc_train_val", tmp_path, manual=tmp_path)


def test_the_real_animals(builders, tmp_path, shared_data):
  manual = shared_data("voc_animals")
  builder = builders.prepare("weakseg_voc2012/animals", tmp_path, manual=manual, examples=12)
  stored = builders.read(builder, "train")
  assert len(stored) == 12
  for sample in stored.values():
    assert set(np.unique(sample[fields.MASK])) <= {*range(7), 255}
    np.testing.assert_array_equal(sample[fields.TAGS],
                                  labels.VOC_ANIMALS.mask_tags(sample[fields.MASK]))
    assert sample[fields.IMAGE].shape[:2] == sample[fields.MASK].shape[:2]
  assert max(len(sample[fields.BOXES]) for sample in stored.values()) > 0
