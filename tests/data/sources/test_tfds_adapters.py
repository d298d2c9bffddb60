"""A user's function: what it reads, what it is refused for, and when its features stay closed."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import tfds_source

tfds = pytest.importorskip("tensorflow_datasets")
Kind = fields.Supervision
CLASSES = ("background", "thing", "other")


class MiniForeign(tfds.core.GeneratorBasedBuilder):
  """Four examples: pictures, masks as bytes in a text feature, and nested objects."""

  VERSION = tfds.core.Version("1.0.0")
  code_path = None

  def _info(self):
    features = tfds.features
    return tfds.core.DatasetInfo(builder=self, features=features.FeaturesDict({
        "photo": features.Image(shape=(None, None, 3)), "png": features.Text(),
        "things": features.Sequence({"where": features.BBoxFeature(), "what": np.int64}),
        "key": features.Text()}))

  def _split_generators(self, dl_manager):
    return {"train": self._generate_examples()}

  def _generate_examples(self):
    for k in range(4):
      mask = tf.io.encode_png(np.full((4, 6, 1), k, np.uint8)).numpy()
      yield k, {"photo": np.full((4, 6, 3), k, np.uint8), "png": mask, "key": f"k{k}",
                "things": [{"where": tfds.features.BBox(0.0, 0.25, 0.5, 1.0), "what": 1}] * k}


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
  made = MiniForeign(data_dir=str(tmp_path_factory.mktemp("tfds")))
  made.download_and_prepare()
  return made


def samples_of(example):
  mask = tf.io.decode_png(example["png"], channels=1)[..., 0]
  tags = tf.reduce_max(tf.one_hot(example["things"]["what"], 3), 0)
  return {fields.IMAGE: example["photo"], fields.SAMPLE_ID: example["key"], fields.MASK: mask,
          fields.BOXES: example["things"]["where"],
          fields.BOX_CLASSES: tf.cast(example["things"]["what"], tf.int32),
          fields.TAGS: tf.maximum(tags, tf.constant([1.0, 0.0, 0.0]))}


def read(source, **options):
  return {sample[fields.SAMPLE_ID].decode(): sample
          for sample in source.samples("train", **options).as_numpy_iterator()}


def test_a_function_makes_samples_that_are_checked(builder):
  source = tfds_source.Tfds(builder, map=samples_of, classes=CLASSES)
  assert sorted(source.ids("train")) == ["k0", "k1", "k2", "k3"]
  assert source.supervision("train").tolist() == [7] * 4
  with pytest.raises(tf.errors.OpError) as caught:
    read(source)
  text = str(decode.house_error(caught.value))
  assert "'k3'" in text and "Received: 3" in text  # three classes
  for name, sample in read(source, ids=["k0", "k1", "k2"]).items():
    k = int(name[1:])
    assert (sample[fields.IMAGE] == k).all() and (sample[fields.MASK] == k).all()
    assert sample[fields.BOXES].tolist() == [[0.0, 0.25, 0.5, 1.0]] * k
    assert sample[fields.BOX_CLASSES].tolist() == [1] * k
    assert sample[fields.TAGS].tolist() == [1, k > 0, 0]


def test_only_what_a_granted_field_needs_is_parsed(builder, monkeypatch):
  source = tfds_source.Tfds(builder, map=samples_of, classes=CLASSES)
  source.ids("train")
  asked = []

  class Spy(tfds.decode.PartialDecoding):

    def __init__(self, names, **options):
      asked.append(names)
      super().__init__(names, **options)

  monkeypatch.setattr(tfds.decode, "PartialDecoding", Spy)
  # The mask of k3 would be refused, and without its bytes `decode_png` fails.
  weak = read(source, grant=Kind.TAGS)
  assert asked == [{"photo": True, "key": True, "things": {"what": True}}]
  assert len(weak) == 4 and fields.MASK not in weak["k3"] and weak["k3"][fields.SUPERVISION] == 1
  read(source, grant=Kind.NONE)
  assert asked[1] == {"photo": True, "key": True}


def test_without_an_id_the_place_in_the_files_is_one(builder):
  source = tfds_source.Tfds(
      builder, map=lambda example: {fields.IMAGE: example["photo"]}, classes=CLASSES)
  assert source.ids("train") == tuple(f"train_00000_{k}" for k in range(4))
  assert source.supervision("train").tolist() == [0] * 4


def test_what_a_function_makes_of_boxes_is_their_content(builder):
  first = tfds_source.Tfds(builder, map=samples_of, classes=CLASSES)
  other = tfds_source.Tfds(builder, classes=CLASSES, map=lambda example: {
      **samples_of(example), fields.BOXES: example["things"]["where"] / 2})
  assert first.box_content() == first.box_content() != other.box_content()


@pytest.mark.parametrize("function, words", [
    (lambda example: {fields.IMAGE: example["image"]}, "KeyError.*\n.*things"),
    (lambda example: {fields.MASK: example["png"]}, "no image"),
    (lambda example: {fields.IMAGE: example["photo"], "label": example["key"]},
     "no sample field 'label'"),
    (lambda example: {fields.IMAGE: tf.cast(example["photo"], tf.float32)}, "uint8")])
def test_functions_that_make_no_samples_are_refused(function, words, builder):
  with pytest.raises(ValueError, match=words):
    tfds_source.Tfds(builder, map=function, classes=CLASSES)


def test_an_unknown_builder_is_refused_with_the_fix(builder):
  with pytest.raises(ValueError, match="Nothing says.*\n.*oxford_iiit_pet.*photo.*\n.*map="):
    tfds_source.Tfds(builder)
  with pytest.raises(ValueError, match="class names"):
    tfds_source.Tfds(builder, map=samples_of)


def test_ids_that_are_not_unique_are_refused(builder):
  source = tfds_source.Tfds(builder, classes=CLASSES, map=lambda example: {
      fields.IMAGE: example["photo"], fields.SAMPLE_ID: tf.strings.substr(example["key"], 0, 1)})
  with pytest.raises(ValueError, match="have the same id.*\n.*'k'"):
    source.ids("train")
