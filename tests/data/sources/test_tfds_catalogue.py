"""Builders of the catalogue, run by their own code on miniatures of the official files."""
import importlib.resources.abc
import json
import sys
import types
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.checks import check
from keras_weakseg.data.readers import box_files
from keras_weakseg.data.readers import coco_files
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import cityscapes_video
from keras_weakseg.data.sources import tfds_catalogue
from keras_weakseg.data.sources import tfds_source
from keras_weakseg.datasets import labels

tfds = pytest.importorskip("tensorflow_datasets")
Kind = fields.Supervision
SIZE = (6, 8)


def picture(seed=0, size=SIZE):
  return np.random.RandomState(seed).randint(0, 255, (*size, 3)).astype(np.uint8)


@pytest.fixture
def prepare(tmp_path, monkeypatch):
  """Returns a function that prepares a builder from folders in place of downloads."""

  # TFDS 4.9 looks for checksums beside the builder with a package that it does not bring.
  monkeypatch.setitem(sys.modules, "importlib_resources", importlib.resources)

  def function(name, places, **options):
    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract",
                        lambda self, urls: places)
    return tfds_source.Tfds(name, str(tmp_path), **options)

  return function


def read(source, split="train", **options):
  return {sample[fields.SAMPLE_ID].decode(): sample
          for sample in source.samples(split, **options).as_numpy_iterator()}


def refusal(source, split="train", **options):
  with pytest.raises(tf.errors.OpError) as caught:
    read(source, split, **options)
  return str(decode.house_error(caught.value))


def fill_pets(root, png, trimap=None):
  masks = {}
  for name in ("Abyssinian_1", "beagle_2", "pug_3"):
    masks[name] = np.random.RandomState(len(name)).randint(1, 4, SIZE).astype(np.uint8)
    png(root / "images" / "images" / f"{name}.jpg", picture())  # a PNG, as some of the real ones
    png(root / "annotations" / "annotations" / "trimaps" / f"{name}.png",
        masks[name] if trimap is None else trimap)
  lists = root / "annotations" / "annotations"
  (lists / "trainval.txt").write_text("Abyssinian_1 1 1 1\nbeagle_2 5 2 1\n")
  (lists / "test.txt").write_text("pug_3 26 2 2\n")
  return {"images": root / "images", "annotations": root / "annotations"}, masks


def test_pets(tmp_path, png, prepare):
  places, trimaps = fill_pets(tmp_path / "pets", png)
  source = prepare("oxford_iiit_pet", places)
  assert source.classes == ("background", "cat", "dog")
  assert source.supervision("train").tolist() == [Kind.MASK | Kind.TAGS] * 2
  samples = {**read(source), **read(source, "test")}
  assert set(samples) == set(trimaps)
  for name, label in (("Abyssinian_1", 1), ("beagle_2", 2), ("pug_3", 2)):
    np.testing.assert_array_equal(
        samples[name][fields.MASK], np.array([255, label, 0, 255])[trimaps[name]])
    assert samples[name][fields.TAGS].tolist() == [1, label == 1, label == 2]
    assert samples[name][fields.IMAGE].shape == (*SIZE, 3)  # the builder writes JPEG
  assert check.check_data(source).ok


def test_pets_refuse_what_is_no_trimap(tmp_path, png, prepare):
  trimap = np.ones(SIZE, np.uint8)
  trimap[2, 5] = 4
  source = prepare("oxford_iiit_pet", fill_pets(tmp_path / "pets", png, trimap)[0])
  text = refusal(source, ids=["beagle_2"])
  assert "'segmentation_mask' of 'beagle_2'" in text and "4 at row 2, column 5" in text
  weak = read(source, grant=Kind.TAGS)  # What is not granted is not looked at.
  assert fields.MASK not in weak["beagle_2"] and weak["beagle_2"][fields.TAGS].tolist() == [1, 0, 1]


def fill_voc(root, year, png, voc_xml):
  tree = root / "VOCdevkit" / f"VOC{year}"
  objects = {"a": [("dog", 1, 1, 8, 6), ("person", 3, 2, 5, 4)], "b": [("aeroplane", 8, 6, 8, 6)],
             "c": [("tvmonitor", 2, 1, 8, 3)]}
  (tree / "ImageSets" / "Main").mkdir(parents=True)
  (tree / "Annotations").mkdir()
  for name, entries in objects.items():
    png(tree / "JPEGImages" / f"{name}.jpg", picture())
    text = voc_xml(SIZE, *entries).replace(
        "</name>", "</name><pose>left</pose><truncated>0</truncated><difficult>0</difficult>")
    (tree / "Annotations" / f"{name}.xml").write_text(text)
  for split, name in (("train", "a"), ("val", "b"), ("test", "c")):
    (tree / "ImageSets" / "Main" / f"{split}.txt").write_text(f"{name}\n")
  return {"trainval": root, "test": root}, tree / "Annotations"


@pytest.mark.quick("2007")
@pytest.mark.parametrize("year", ["2007", "2012"])
def test_voc_boxes_are_those_of_our_reader(year, tmp_path, png, voc_xml, prepare):
  places, annotations = fill_voc(tmp_path / "voc", year, png, voc_xml)
  source = prepare(f"voc/{year}", places)
  assert source.classes == labels.VOC.classes
  for split, name in (("train", "a"), ("val", "b"), ("test", "c")):
    sample = read(source, split, grant=Kind.BOXES)[name]
    boxes, classes = box_files.read_voc_boxes(annotations / f"{name}.xml", source.classes)
    if (year, split) == ("2012", "test"):  # Not "no object": nobody has told.
      boxes, classes = boxes[:0], classes[:0]
      assert source.supervision(split).tolist() == [0] and sample[fields.SUPERVISION] == 0
      assert not sample.keys() & {fields.BOXES, fields.TAGS}
      continue
    assert sample[fields.SUPERVISION] == Kind.BOXES | Kind.TAGS
    np.testing.assert_allclose(sample[fields.BOXES], boxes, atol=1e-6)
    np.testing.assert_array_equal(sample[fields.BOX_CLASSES], classes)
    assert set(np.flatnonzero(sample[fields.TAGS])) == {0, *classes}
  joined = read(source, "train+test", grant=Kind.BOXES)
  assert len(joined["a"][fields.BOXES]) == 2
  assert len(joined["c"][fields.BOXES]) == (1 if year == "2007" else 0)


def fill_coco(root, png):
  ids = list(labels.COCO_CATEGORY_IDS[1:])
  categories = [{"id": number, "name": name}
                for number, name in zip(ids, labels.COCO.classes[1:])]
  items = [(ids[0], [0, 0, 8, 6], 0), (ids[79], [2, 1, 4, 2.5], 0), (ids[11], [1, 1, 3, 0], 0),
           (ids[19], [4, 3, 4, 3], 1)]
  content = {"categories": categories, "images": [
      {"id": 7, "file_name": "000007.jpg", "height": SIZE[0], "width": SIZE[1]}],
             "annotations": [{"id": number, "image_id": 7, "category_id": category, "bbox": box,
                              "area": 4, "iscrowd": crowd}
                             for number, (category, box, crowd) in enumerate(items)]}
  (root / "annotations").mkdir(parents=True)
  places = {}
  for split, folder in (("train", "train2017"), ("validation", "val2017"), ("test", "test2017")):
    number = {"train": 7, "validation": 8, "test": 9}[split]
    png(root / folder / f"{number:06d}.jpg", picture())
    content["images"][0].update(id=number, file_name=f"{number:06d}.jpg")
    for entry in content["annotations"]:
      entry["image_id"] = number
    kind = "image_info" if split == "test" else "instances"
    (root / "annotations" / f"{kind}_{folder}.json").write_text(json.dumps(content))
    places.update({f"{split}_images": root, f"{split}_annotations": root})
  return places, root / "annotations" / "instances_train2017.json"


def test_coco_boxes_are_those_of_our_reader(tmp_path, png, prepare):
  places, path = fill_coco(tmp_path / "coco", png)
  source = prepare("coco/2017", places)
  sample = read(source, grant=Kind.BOXES)["000007"]
  boxes, classes = coco_files.read_coco(path)["000007.jpg"].boxes(source.classes, size=SIZE)
  np.testing.assert_allclose(sample[fields.BOXES], boxes, atol=1e-6)
  np.testing.assert_array_equal(sample[fields.BOX_CLASSES], classes)
  assert classes.tolist() == [1, 80, fields.IGNORE_LABEL]
  assert set(np.flatnonzero(sample[fields.TAGS])) == {0, 1, 12, 20, 80}
  assert source.supervision("test").tolist() == [0]


def test_coco_with_other_categories_is_refused(tmp_path, png, prepare):
  places, path = fill_coco(tmp_path / "coco", png)
  for path in path.parent.iterdir():
    path.write_text(path.read_text().replace('"toothbrush"', '"besom"'))
  with pytest.raises(ValueError, match="other features.*\n.*Received:.*besom"):
    prepare("coco/2017", places)
  with pytest.raises(ValueError, match="'objects/bbox'|'objects/is_crowd'"):
    prepare("coco/2017_panoptic", places)


def fill_cityscapes(root, png, raw):
  for split in ("train", "val", "test"):
    city = {"train": "ulm", "val": "jena", "test": "bonn"}[split]
    name = f"{split}/{city}/{city}_000001_000019_"
    png(root / f"leftImg8bit/{name}leftImg8bit.png", picture())
    png(root / f"gtFine/{name}gtFine_labelIds.png", raw)
  (root / "cityscapes").mkdir()
  for kind in ("leftImg8bit", "gtFine"):
    with zipfile.ZipFile(root / "cityscapes" / f"{kind}_trainvaltest.zip", "w") as archive:
      for path in sorted((root / kind).rglob("*.png")):
        archive.write(path, path.relative_to(root))


def test_cityscapes(tmp_path, png, prepare):
  raw = np.arange(48, dtype=np.uint8).reshape(SIZE) % 34
  fill_cityscapes(tmp_path, png, raw)
  source = tfds_source.Tfds("cityscapes", str(tmp_path))
  sample = read(source)["ulm_000001_000019"]
  expected = np.full(SIZE, 255)
  for label, number in enumerate((7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33)):
    expected[raw == number] = label
  np.testing.assert_array_equal(sample[fields.MASK], expected)
  assert source.classes == cityscapes_video.CLASSES
  assert source.supervision("val").tolist() == [Kind.MASK]
  assert source.supervision("test").tolist() == [0]
  assert not source.samples("test").element_spec.keys() & {fields.MASK}


def test_cityscapes_without_its_files_says_where_they_belong(tmp_path, prepare):
  with pytest.raises(FileNotFoundError, match="leftImg8bit_trainvaltest.zip"):
    tfds_source.Tfds("cityscapes", str(tmp_path))
  with pytest.raises(ValueError, match="'segmentation_label'"):
    tfds_source.Tfds("cityscapes/stereo_disparity", str(tmp_path))


def fill_scenes(root, png, annotation):
  for folder in ("training", "validation"):
    png(root / "images" / folder / "ADE_1.jpg", picture())
    png(root / "annotations_instance" / folder / "ADE_1.png", annotation)
  return {"images": root, "annotations": root}


def test_scene_parse(tmp_path, png, prepare):
  raw = np.zeros((*SIZE, 3), np.uint8)
  raw[0, :4, 0], raw[..., 1] = (1, 4, 100, 9), 7
  source = prepare("scene_parse150", fill_scenes(tmp_path / "ade", png, raw))
  assert [source.classes[k] for k in (0, 3, 8, 99)] == ["bed", "person", "car", "flag"]
  assert len(source.classes) == 100
  (name, sample), = read(source).items()
  assert name == "train_00000_0" and read(source, "test").keys() == {"test_00000_0"}
  assert sample[fields.MASK][0].tolist() == [0, 3, 99, 8, 255, 255, 255, 255]
  assert (sample[fields.MASK][1:] == 255).all()


@pytest.mark.parametrize("raw, words", [
    (np.full((*SIZE, 3), 101, np.uint8), "101 at row 0, column 0"),
    (np.ones(SIZE, np.uint8), "RGB PNG with 8 bits per channel. Received: grey")])
def test_scene_parse_refuses_other_annotations(raw, words, tmp_path, png, prepare):
  source = prepare("scene_parse150", fill_scenes(tmp_path / "ade", png, raw))
  text = refusal(source)
  assert words in text and "'train_00000_0'" in text


def fill_rooms(root, depth):
  import h5py
  for split in ("train", "val"):
    (root / "nyudepthv2" / split / "attic").mkdir(parents=True)
    with h5py.File(root / "nyudepthv2" / split / "attic" / "00001.h5", "w") as file:
      file["rgb"] = picture(1, (480, 640)).transpose(2, 0, 1)
      file["depth"] = depth
  return root


def test_rooms(tmp_path, prepare):
  depth = np.linspace(0, 9.9, 480 * 640, dtype=np.float32).reshape(480, 640)
  source = prepare("nyu_depth_v2", fill_rooms(tmp_path / "nyu", depth))
  assert not source.labelled and source.classes == ()
  sample = read(source, grant=Kind.DEPTH)["train_00000_0"]
  np.testing.assert_array_equal(sample[fields.DEPTH], depth.astype(np.float16).astype(np.float32))
  np.testing.assert_array_equal(sample[fields.IMAGE], picture(1, (480, 640)))
  assert sample[fields.SUPERVISION] == Kind.DEPTH and len(source.ids("val")) == 1


def test_depth_in_millimetres_is_refused(tmp_path, prepare):
  depth = np.full((480, 640), 3.0)
  depth[4, 2] = 2500
  source = prepare("nyu_depth_v2", fill_rooms(tmp_path / "nyu", depth))
  assert "2500 at row 4, column 2" in refusal(source, "val", grant=Kind.DEPTH)


@pytest.mark.parametrize("name, path", [
    ("oxford_iiit_pet", ("species",)), ("voc/2007", ("objects", "label")),
    ("coco/2017", ("objects", "label"))])
def test_legends_are_those_of_the_builders(name, path, tmp_path):
  info = tfds.builder(name, data_dir=str(tmp_path)).info
  known = tfds_catalogue.TABLE[name.split("/")[0]]()
  known.check(info)
  feature = info.features
  for key in path:
    feature = feature[key]
  assert feature.num_classes == len(known.names[path]) == len(known.classes) - 1
  if not feature.names[0].isdigit():
    assert [entry.lower() for entry in feature.names] == list(known.classes[1:])


def test_another_legend_or_form_of_boxes_is_refused():
  objects = lambda names, form: types.SimpleNamespace(full_name="voc/x", features={
      "image": tfds.features.Image(), "image/filename": tfds.features.Text(), "objects": {
          "label": tfds.features.ClassLabel(names=names),
          "bbox": tfds.features.BBoxFeature(bbox_format=form)}})
  known, names = tfds_catalogue.TABLE["voc"](), list(labels.VOC.classes[1:])
  known.check(objects(names, "REL_YXYX"))
  with pytest.raises(ValueError, match="'objects/label' to be one of aeroplane"):
    known.check(objects(names[::-1], "REL_YXYX"))
  with pytest.raises(ValueError, match="REL_YXYX in 'objects/bbox'"):
    known.check(objects(names, "REL_XYXY"))
