"""COCO of 2014, 2017 and panoptic through TFDS: masks, tags, boxes, bytes, archives."""
import types

import numpy as np
import pytest

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels

tfds = pytest.importorskip("tensorflow_datasets")


@pytest.mark.parametrize("config, prefix", [("2017", ""), ("2014", "COCO_train2014_")])
def test_instances_become_semantic_masks(builders, coco, tmp_path, config, prefix):
  coco.instances(tmp_path, config)
  builder = builders.prepare("weakseg_coco", tmp_path, manual=tmp_path, config=config)
  builders.check_contract(builder)
  assert {name: info.num_examples for name, info in builder.info.splits.items()} == {
      "train": 3, "val": 1}
  stored = builders.read(builder, "train")
  assert sorted(stored) == [f"{prefix}{number:012d}" for number in coco.numbers["train"]]
  first = stored[f"{prefix}000000000009"]
  np.testing.assert_array_equal(first[fields.MASK][..., 0], coco.semantic())
  names = [labels.COCO.classes[index] for index in np.flatnonzero(first[fields.TAGS])]
  assert names == ["background", "person", "dog"]
  # The object without area has no box; that of the crowd is unknown.
  np.testing.assert_allclose(first[fields.BOXES], [
      [6 / 20, 8 / 30, 10 / 20, 14 / 30], [2 / 20, 4 / 30, 18 / 20, 20 / 30],
      [0, 18 / 30, 1, 26 / 30]], rtol=1e-6)
  assert first[fields.BOX_CLASSES].tolist() == [17, 1, 255]
  empty = stored[f"{prefix}{coco.empty:012d}"]
  assert not empty[fields.MASK].any() and empty[fields.TAGS].sum() == 1
  assert empty[fields.BOXES].shape == (0, 4)
  raw = builder.as_dataset("train", decoders={fields.IMAGE: tfds.decode.SkipDecoding()})
  kept = {element[fields.SAMPLE_ID].decode(): element[fields.IMAGE]
          for element in raw.as_numpy_iterator()}
  path = tmp_path / f"train{config}" / f"{prefix}000000000009.jpg"
  assert kept[f"{prefix}000000000009"] == path.read_bytes()


def test_panoptic_pngs_become_semantic_masks(builders, coco, tmp_path):
  coco.panoptic(tmp_path)
  builder = builders.prepare("weakseg_coco", tmp_path, manual=tmp_path, config="2017_panoptic")
  builders.check_contract(builder)
  sample = builders.read(builder, "val")["000000000139"]
  np.testing.assert_array_equal(sample[fields.MASK][..., 0], coco.panoptic_semantic())
  assert sample[fields.BOX_CLASSES].tolist() == [1, 17, 255]  # no stuff; the crowd is unknown
  assert np.flatnonzero(sample[fields.TAGS]).tolist() == [0, 1, 17]


def test_a_panoptic_png_of_another_size_is_refused(builders, coco, tmp_path):
  from PIL import Image
  coco.panoptic(tmp_path)
  Image.new("RGB", (30, 21)).save(
      tmp_path / "annotations" / "panoptic_train2017" / "000000000025.png")
  with pytest.raises(Exception, match="000000000025.png' has another size"):
    builders.prepare("weakseg_coco", tmp_path, manual=tmp_path, config="2017_panoptic")


def test_archives_are_extracted_by_tfds(builders, coco, tmp_path):
  manual = tmp_path / "manual"
  coco.instances(manual)
  for folder in ("train2017", "val2017"):
    coco.archive(manual / f"{folder}.zip", manual / folder)
  coco.archive(manual / "annotations_trainval2017.zip", manual / "annotations")
  builder = builders.prepare("weakseg_coco", tmp_path, manual=manual)
  sample = builders.read(builder, "val")["000000000139"]
  np.testing.assert_array_equal(sample[fields.MASK][..., 0], coco.semantic())


def test_nothing_is_found_in_an_empty_folder(builders, tmp_path):
  with pytest.raises(FileNotFoundError, match="(?s)COCO 2017 is not complete.*train2017.*cocodata"):
    builders.prepare("weakseg_coco", tmp_path, manual=tmp_path)


def test_the_source_knows_names_colours_and_joined_splits(builders, coco, tmp_path):
  coco.instances(tmp_path)
  source = data.Tfds(builders.prepare("weakseg_coco", tmp_path, manual=tmp_path))
  assert source.classes == labels.COCO.classes
  assert source.palette == list(labels.COCO.palette)
  assert len(source.ids("trainval")) == 4
  assert source.builder.info.metadata[features.SPLIT_ALIASES] == {"trainval": "train+val"}
  sample = next(iter(source.samples("val").as_numpy_iterator()))
  np.testing.assert_array_equal(sample[fields.MASK], coco.semantic())
  assert (source.supervision("train") & int(fields.Supervision.MASK)).all()


def test_masks_of_both_kinds_agree_where_both_know(builders, coco, tmp_path):
  """The same two objects, from polygons and from the PNG, away from crowds and edges."""
  coco.instances(tmp_path / "a")
  coco.panoptic(tmp_path / "b")
  masks = []
  for place, config in (("a", "2017"), ("b", "2017_panoptic")):
    builder = builders.prepare("weakseg_coco", tmp_path / place, manual=tmp_path / place,
                               config=config)
    masks.append(builders.read(builder, "val")["000000000139"][fields.MASK])
  known = (masks[0] != 255) & (masks[1] != 255)
  assert known.mean() > .5
  np.testing.assert_array_equal(masks[0][known], masks[1][known])


def test_a_crowd_is_a_tag_though_the_mask_does_not_show_it(coco):
  """It is 255 in the mask: the image must not teach that the class is absent."""
  from keras_weakseg.datasets.weakseg_coco import weakseg_coco_dataset_builder as module
  from keras_weakseg.datasets.weakseg_coco import painting
  table = labels.coco_table()
  crowd = [dict(id=1, category_id=18, iscrowd=1, area=4, bbox=[0, 0, 2, 2],
                segmentation=coco.rectangle(0, 0, 2, 2))]
  mask = painting.semantic_mask(crowd, (4, 4), table)
  assert mask[0, 0] == 255 and not (mask == 17).any()
  tags = module._tags(types.SimpleNamespace(objects=crowd), mask, table)
  assert np.flatnonzero(tags).tolist() == [0, 17]


@pytest.mark.parametrize("kind", ["rect", "seg"])
def test_label_maps_made_from_boxes_do_not_show_a_crowd_as_background(
    builders, coco, tmp_path, kind):
  from PIL import Image
  coco.instances(tmp_path)
  source = data.Tfds(builders.prepare("weakseg_coco", tmp_path, manual=tmp_path))
  folder = data.make_label_maps(source, "val", kind, cache_dir=tmp_path / "cache",
                                progress=False)
  with Image.open(folder / "masks" / "000000000139.png") as image:
    found = np.asarray(image)
  assert (found[:, 20:26] == 255).all()  # of the crowd's box 18..26 what the person leaves
  assert (found[:, 26:] == 0).all() and (found[:, :4] == 0).all()
  assert (found[2:18, 4:20] != 0).any()
