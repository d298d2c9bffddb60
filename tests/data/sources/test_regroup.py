"""Label spaces brought together: masks, tags, boxes of sources of every kind; what stays closed."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.pipeline import augment
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.sources import box_labels
from keras_weakseg.data.sources import coco
from keras_weakseg.data.sources import dataset_source
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import label_maps
from keras_weakseg.data.sources import regroup
from keras_weakseg.data.sources import voc
from keras_weakseg.datasets import labels

Kind = fields.Supervision
FINE = ("background", "person", "car", "bus", "dog", "horse")
COARSE = {"vehicle": ("car", "bus"), "animal": ("dog", "horse")}


def fine_samples(count=6):
  """Returns a dataset whose sample k shows classes k and 5 - k, with every label."""
  masks = np.zeros((count, 4, 6), np.uint8)
  tags, noisy = np.zeros((count, 6), np.float32), np.zeros((count, 6), np.float32)
  tags[:, 0] = noisy[:, 0] = 1
  boxes = np.zeros((count, 3, 4), np.float32)
  classes = np.full((count, 3), -1, np.int32)
  for k in range(count):
    masks[k, 0], masks[k, 1], masks[k, 3] = k % 6, 5 - k % 6, 255
    tags[k, [k % 6, 5 - k % 6]] = 1
    noisy[k, (k + 1) % 6] = 1
    boxes[k, :2] = [[0, 0, .25, 1], [.25, 0, .5, 1]]
    classes[k, :2] = k % 6, 5 - k % 6
  return tf.data.Dataset.from_tensor_slices({
      fields.IMAGE: np.zeros((count, 4, 6, 3), np.uint8), fields.MASK: masks, fields.TAGS: tags,
      fields.NOISY_TAGS: noisy, fields.BOXES: boxes, fields.BOX_CLASSES: classes,
      fields.BOX_LABELS: masks})


def streaming(**options):
  return dataset_source.Dataset(fine_samples(), FINE, **options)


def read(source, split="train", **options):
  return list(source.samples(split, **options).as_numpy_iterator())


# === Streaming sources ===


@pytest.mark.parametrize("other, rest", [("background", 0), ("ignore", 255)])
def test_masks_and_box_label_maps_hold_the_new_classes(other, rest):
  source = regroup.Regrouped(streaming(), groups=COARSE, other=other)
  assert source.classes == ("background", "vehicle", "animal")
  table = np.array([0, rest, 1, 1, 2, 2])
  for k, sample in enumerate(read(source)):
    assert sample[fields.MASK].dtype == np.uint8
    for name in (fields.MASK, fields.BOX_LABELS):
      assert (sample[name][0] == table[k]).all() and (sample[name][1] == table[5 - k]).all()
      assert (sample[name][2] == 0).all() and (sample[name][3] == 255).all()


def test_tags_are_joined_and_keep_the_background():
  source = regroup.Regrouped(streaming(), groups=COARSE)
  samples = read(source)
  wanted = [{0, 2}, {0, 2}, {0, 1}, {0, 1}, {0, 2}, {0, 2}]
  assert [set(np.flatnonzero(sample[fields.TAGS])) for sample in samples] == wanted
  noisy = [set(np.flatnonzero(sample[fields.NOISY_TAGS])) for sample in samples]
  assert noisy == [{0}, {0, 1}, {0, 1}, {0, 2}, {0, 2}, {0}]
  assert all(sample[fields.TAGS].dtype == np.float32 for sample in samples)
  fields.check_spec(source.samples("train").element_spec)


@pytest.mark.parametrize("other", regroup.OTHERS)
def test_boxes_of_lost_classes_and_padding_are_dropped(other):
  samples = read(regroup.Regrouped(streaming(), groups=COARSE, other=other))
  assert [sample[fields.BOX_CLASSES].tolist() for sample in samples] == [
      [2], [2], [1, 1], [1, 1], [2], [2]]
  # Of samples 0 and 1 the second box is left, of 4 and 5 the first.
  assert samples[0][fields.BOXES].tolist() == [[.25, 0, .5, 1]]
  assert samples[4][fields.BOXES].tolist() == [[0, 0, .25, 1]]
  only = read(regroup.Regrouped(streaming(), groups=COARSE), wanted={fields.BOXES})
  assert fields.BOX_CLASSES not in only[0]
  for one, both in zip(only, samples):
    np.testing.assert_array_equal(one[fields.BOXES], both[fields.BOXES])


def test_the_same_classes_change_nothing():
  before, after = read(streaming()), read(regroup.Regrouped(streaming(), FINE))
  for one, other in zip(before, after):
    real = one[fields.BOX_CLASSES] > 0
    for name in (fields.MASK, fields.TAGS, fields.NOISY_TAGS, fields.SUPERVISION):
      np.testing.assert_array_equal(one[name], other[name])
    np.testing.assert_array_equal(one[fields.BOX_CLASSES][real], other[fields.BOX_CLASSES])


def test_classes_may_be_permuted_and_background_may_take_some():
  source = regroup.Regrouped(streaming(), ("background", "horse", "person"),
                             {"background": ("dog",)}, other="ignore")
  samples = read(source)
  assert samples[4][fields.MASK][0, 0] == 0 and samples[2][fields.MASK][0, 0] == 255
  assert samples[1][fields.MASK][0, 0] == 2 and samples[0][fields.MASK][1, 0] == 1
  assert samples[4][fields.TAGS].tolist() == [1, 0, 1]


def test_some_classes_may_be_ignored_by_name():
  groups = {"animal": ("dog", "horse"), "ignore": ("person", "car"), "background": ("bus",)}
  source = regroup.Regrouped(streaming(), groups=groups)
  assert source.classes == ("background", "animal")
  table = np.array([0, 255, 255, 0, 1, 1])
  for k, sample in enumerate(read(source)):
    assert (sample[fields.MASK][0] == table[k]).all()
    assert set(sample[fields.BOX_CLASSES].tolist()) <= {1}
    assert sample[fields.TAGS].tolist() == [1, k in (0, 1, 4, 5)]
  assert source.notes[-1].endswith("ignore: person, car") and "bus" in source.notes[-1]
  with pytest.raises(ValueError, match="'dog' is in two groups"):
    regroup.Regrouped(streaming(), groups={"animal": ("dog",), "ignore": ("dog",)})


def test_label_spaces_may_be_brought_together_in_two_steps():
  """COCO to VOC, where what VOC does not know is background, and VOC to its animals."""
  images = np.zeros((1, 1, 81, 3), np.uint8)
  inner = dataset_source.Dataset(tf.data.Dataset.from_tensor_slices({
      fields.IMAGE: images, fields.MASK: np.arange(81, dtype=np.uint8)[None, None]}),
      labels.COCO.classes)
  source = regroup.Regrouped(regroup.Regrouped(inner, labels.VOC.classes),
                             labels.VOC_ANIMALS.classes, other="ignore")
  mask = read(source)[0][fields.MASK][0]
  for old, name in enumerate(labels.COCO.classes):
    twins = {name, *(voc for voc, other in labels.VOC_COCO_SYNONYMS.items() if other == name)}
    if name in labels.VOC_ANIMALS.classes:
      assert mask[old] == labels.VOC_ANIMALS.index(name)
    else:
      assert mask[old] == (255 if twins & set(labels.VOC.classes) else 0)


def test_streams_keep_order_and_resume():
  inner, source = streaming(), regroup.Regrouped(streaming(), groups=COARSE)
  ids = lambda data: [sample[fields.SAMPLE_ID] for sample in data.as_numpy_iterator()]
  assert ids(source.samples("train", seed=3).take(15)) == ids(
      inner.samples("train", seed=3).take(15))
  assert source.draws("train", None, 3, [0, 7]) == inner.draws("train", None, 3, [0, 7])
  marked = source.samples("train", seed=3, start=4, window=(2, 0, 1), transform=lambda sample: {
      **sample, fields.DISPARITY: tf.cast(sample[fields.MASK], tf.float32)}).take(3)
  for sample in marked.as_numpy_iterator():
    assert sample[fields.DISPARITY][:3].max() <= 2 and fields.SAMPLE_KEY in sample


# === Random access, supervision ===


def test_a_folder_keeps_its_splits_flags_and_closed_masks(mini):
  inner = folder.Folder(mini, validation=["a0"])
  before = read(regroup.Regrouped(inner, groups={"pet": ("cat", "dog")}), grant=Kind.TAGS)
  source = regroup.Regrouped(inner, groups={"pet": ("cat", "dog")})
  assert source.splits() == inner.splits() and source.ids("val") == ("a0",)
  np.testing.assert_array_equal(source.supervision("train"), inner.supervision("train"))
  for path in (mini / "masks").iterdir():
    path.write_bytes(b"garbage")
  after = read(source, grant=Kind.TAGS)
  for one, other in zip(before, after):
    assert one.keys() == other.keys() == {
        fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION, fields.TAGS}
    assert one[fields.TAGS].tolist() == other[fields.TAGS].tolist() == [1, 1]
  with pytest.raises(tf.errors.InvalidArgumentError):
    read(source, grant=Kind.MASK)


def test_label_maps_are_made_from_the_boxes_that_are_left(mini, tmp_path):
  inner = folder.Folder(mini, validation=["a0"])
  source = regroup.Regrouped(inner, groups={"hound": ("dog",)})
  made = label_maps.make_label_maps(source, "train", "rect", cache_dir=tmp_path, progress=False)
  with_labels = box_labels.WithBoxLabels(source, made)
  samples = {sample[fields.SAMPLE_ID].decode(): sample
             for sample in read(with_labels, grant=Kind.BOXES)}
  wanted = np.zeros((12, 16), np.uint8)
  wanted[1:5, 2:6] = 1
  np.testing.assert_array_equal(samples["a1"][fields.BOX_LABELS], wanted)  # a dog
  assert not samples["a2"][fields.BOX_LABELS].any()                        # a cat
  other = regroup.Regrouped(inner, groups={"hound": ("cat",)})
  assert label_maps.make_label_maps(
      other, "train", "rect", cache_dir=tmp_path, progress=False) != made


def test_a_sample_without_tags_keeps_none(mini):
  (mini / "m.txt").write_text("a1 tags\na2 none\n")
  inner = folder.Folder(mini, manifest="m.txt", validation=["a0"])
  samples = {sample[fields.SAMPLE_ID].decode(): sample
             for sample in read(regroup.Regrouped(inner, groups={"pet": ("cat", "dog")}))}
  assert samples["a1"][fields.TAGS].tolist() == [1, 1]
  assert samples["a2"][fields.TAGS].tolist() == [0, 0] and samples["a2"][fields.SUPERVISION] == 0
  assert (samples["a2"][fields.MASK] == 255).all()


def test_two_label_spaces_share_a_batch(mini):
  pets = regroup.Regrouped(folder.Folder(mini, held_out=0.0), groups={"animal": ("cat", "dog")})
  scenes = regroup.Regrouped(streaming(), ("background", "animal"), {"animal": ("dog", "horse")})
  joined = bundle.Bundle(
      [parts.Part(pets, "train", "mask", 2), parts.Part(scenes, "train", "mask", 2)],
      augment.Augmentation(crop=(9, 9)))
  batch = next(iter(joined.batches()))
  assert batch[fields.MASK].shape == (4, 9, 9) and batch[fields.TAGS].shape == (4, 2)
  assert set(np.unique(batch[fields.MASK])) <= {0, 1, 255}
  assert sorted(batch[fields.PART].numpy()) == [0, 0, 1, 1]
  with pytest.raises(ValueError, match="other classes"):
    bundle.Bundle([parts.Part(pets), parts.Part(streaming())])
  assert any("animal = cat + dog" in line for line in joined.plan())


# === Names, colours, fingerprints ===


def test_notes_say_what_became_of_the_classes():
  note = regroup.Regrouped(streaming(), groups=COARSE, other="ignore").notes[-1]
  assert note == ("3 classes out of 6; vehicle = car + bus, animal = dog + horse; "
                  "ignore: person")
  assert regroup.Regrouped(streaming(), FINE).notes == ["6 classes out of 6"]


def test_colours_are_those_of_the_first_member():
  inner = streaming(palette=[(k, k, k) for k in range(6)])
  source = regroup.Regrouped(inner, ("background", "animal", "sheep"),
                             {"animal": ("dog", "horse"), "sheep": ()})
  assert source.palette[:2] == [(0, 0, 0), (4, 4, 4)]
  assert source.palette[2] not in inner.palette


def test_the_fingerprint_covers_source_and_grouping():
  prints = [regroup.Regrouped(inner, **options).fingerprint() for inner, options in (
      (streaming(), {"groups": COARSE}), (streaming(), {"groups": COARSE}),
      (streaming(), {"groups": COARSE, "other": "ignore"}),
      (streaming(), {"groups": {**COARSE, "vehicle": ("car",)}}),
      (streaming(name="other"), {"groups": COARSE, "name": "dataset"}))]
  assert prints[0] == prints[1] and len(set(prints)) == 4
  assert regroup.Regrouped(streaming(), groups=COARSE).box_content() != regroup.Regrouped(
      streaming(), groups={**COARSE, "vehicle": ("car",)}).box_content()


@pytest.mark.parametrize("options, words", [
    ({"groups": {"animal": ("dgo",)}}, "Did you mean 'dog'"),
    ({"groups": COARSE, "other": "backgruond"}, "Did you mean 'background'"),
    ({"classes": ("background", "sheep")}, "no class to group 'sheep'"),
    ({"classes": ("background",)}, "class names")])
def test_wrong_groupings_are_refused(options, words):
  with pytest.raises(ValueError, match=words):
    regroup.Regrouped(streaming(), **options)


# === Real ===


def test_coco_and_voc_animals_meet_in_one_label_space(shared_data):
  animals = voc.voc_animals(shared_data("voc_animals"))
  source = regroup.Regrouped(coco.coco_sample(shared_data("coco128")), labels.VOC_ANIMALS.classes)
  assert source.classes == animals.classes and source.palette == animals.palette
  ids = [name for name, flag in zip(source.ids("train"), source.supervision("train"))
         if flag & Kind.MASK][:50]
  inner = source.inner.samples("train", ids=ids).as_numpy_iterator()
  seen = set()
  for one, other in zip(inner, source.samples("train", ids=ids).as_numpy_iterator()):
    for label, name in enumerate(labels.VOC_ANIMALS.classes):
      old = labels.COCO.index(name)
      if label:
        np.testing.assert_array_equal(one[fields.MASK] == old, other[fields.MASK] == label)
        assert one[fields.TAGS][old] == other[fields.TAGS][label]
      seen |= {name} if (other[fields.MASK] == label).any() else set()
    np.testing.assert_array_equal(one[fields.MASK] == 255, other[fields.MASK] == 255)
    assert set(other[fields.BOX_CLASSES].tolist()) <= set(range(1, 7))
  assert {"background", "person", "dog", "horse"} <= seen


def test_crowds_stay_unknown_whatever_becomes_of_their_class(mini):
  (mini / "b.json").write_text(json.dumps({
      "images": [{"id": 1, "file_name": "a1.png"}], "categories": [{"id": 9, "name": "dog"}],
      "annotations": [{"image_id": 1, "category_id": 9, "bbox": [2, 1, 4, 4], "iscrowd": 1},
                      {"image_id": 1, "category_id": 9, "bbox": [2, 1, 4, 4]}]}))
  inner = folder.Folder(mini, boxes="b.json", masks=None, tags=None, validation=["a0"])
  source = regroup.Regrouped(inner, groups={"pet": ("cat", "dog")})
  data = source.samples("train", ids=("a1",), grant=fields.Supervision.BOXES)
  sample = next(data.as_numpy_iterator())
  assert sample[fields.BOX_CLASSES].tolist() == [255, 1] and len(sample[fields.BOXES]) == 2
