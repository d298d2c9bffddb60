"""Sources and parts of the configuration, and the parts of data that nobody has divided."""
import types

import numpy as np
import pytest

from keras_weakseg import data as data_lib
from keras_weakseg import fields
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.data.sources import source as source_lib
from keras_weakseg.recipes import sources

Kind = fields.Supervision


class Labelled(source_lib.Source):
  """Ids with flags, no samples."""

  def __init__(self, flags, name="labelled"):
    super().__init__(name, ("background", "cat"))
    self.flags = flags

  def splits(self):
    return ("train",)

  def _split_ids(self, split):
    return tuple(self.flags)

  def _available(self, ids, flags):
    return np.array([int(self.flags[name]) & int(flags) for name in ids], np.int32)


MIXED = {"m": Kind.MASK | Kind.TAGS, "n": Kind.MASK, "b": Kind.BOXES | Kind.TAGS, "t": Kind.TAGS,
         "u": Kind.NONE}


# === Parts ===


def test_every_sample_teaches_by_its_strongest_label():
  parts = sources.default_parts(Labelled(MIXED))
  assert [(part.supervision, part.ids) for part in parts] == [
      (Kind.MASK, ("m", "n")), (Kind.BOXES, ("b",)), (Kind.TAGS, ("t",))]
  assert [part.weight for part in parts] == pytest.approx([0.7, 0.15, 0.15])
  assert [part.batch_size for part in parts] == [2, 2, 2]


def test_one_kind_of_label_takes_the_whole_batch():
  part, = sources.default_parts(Labelled({"a": Kind.TAGS, "b": Kind.NONE}), batch_size=6)
  assert part.ids == ("a",) and part.weight == 1.0 and part.batch_size == 6


def test_a_method_that_needs_masks_gets_masks_alone():
  part, = sources.default_parts(Labelled(MIXED), needs=Kind.MASK)
  assert part.supervision == Kind.MASK and part.ids == ("m", "n") and part.batch_size == 8


@pytest.mark.parametrize("flags, needs, received", [
    ({"a": Kind.NONE}, Kind.TAGS, "1 images, no labels"),
    ({"a": Kind.TAGS, "b": Kind.BOXES}, Kind.MASK, "2 images, 1 with boxes, 1 with tags")])
def test_data_that_cannot_teach_is_refused(flags, needs, received):
  with pytest.raises(ValueError, match=f"no labels that the method learns from(?s:.*){received}"):
    sources.default_parts(Labelled(flags), needs=needs)


def test_configured_parts_read_their_ids_and_source(tmp_path):
  (tmp_path / "ids.txt").write_text("m\n\n n \n")
  first, second = Labelled(MIXED, "first"), Labelled(MIXED, "second")
  config = schema.Data(parts=[
      schema.Part(ids=str(tmp_path / "ids.txt"), batch_size=3, weight=0.6),
      schema.Part(source="two", supervision="tags", count=1, subset_seed=4, rest=True)])
  parts = sources.make_parts(config, {"one": first, "two": second})
  assert parts[0].source is first and parts[0].ids == ("m", "n")
  assert (parts[0].batch_size, parts[0].weight) == (3, 0.6)
  assert parts[1].source is second and parts[1].supervision == Kind.TAGS
  assert (parts[1].count, parts[1].subset_seed, parts[1].rest) == (1, 4, True)


def test_samples_are_drawn_by_the_seed_of_the_experiment_unless_they_are_fixed():
  config = schema.Data(parts=[schema.Part(count=1), schema.Part(count=1, subset_seed=0)])
  seeds = [[part.subset_seed for part in sources.make_parts(
      config, {"one": Labelled(MIXED)}, seed=seed)] for seed in (1, 2)]
  assert seeds == [[1, 0], [2, 0]]


def test_parts_of_nowhere_are_refused(tmp_path):
  with pytest.raises(ValueError, match="no source 'too'"):
    sources.make_parts(schema.Data(parts=[schema.Part(source="too")]), {"two": Labelled(MIXED)})
  with pytest.raises(FileNotFoundError, match="(?s)id list does not exist.*no.txt.*of this part"):
    sources.make_parts(schema.Data(parts=[schema.Part(ids=str(tmp_path / "no.txt"))]),
                       {"two": Labelled(MIXED)})


@pytest.mark.parametrize("given, names", [
    ([("", "mask", "a"), ("", "tags", "a")], ["mask", "tags"]),
    ([("", "mask", "a"), ("", "mask", "b")], ["a_mask", "b_mask"]),
    ([("", "mask", "a"), ("", "mask", "a")], ["a_mask_0", "a_mask_1"]),
    ([("strong", "mask", "a"), ("", "tags", "a")], ["strong", "tags"])])
def test_names_of_parts_are_short_and_unique(given, names):
  parts = [types.SimpleNamespace(name=name, kinds=kinds, source=types.SimpleNamespace(name=source))
           for name, kinds, source in given]
  assert sources.part_names(parts) == names


# === Sources ===


def test_a_folder_takes_every_option(photo_folder):
  made = sources.make_source(schema.Source(
      path=photo_folder.name, classes=("background", "red", "blue"), held_out=0.5),
      str(photo_folder.parent))
  assert isinstance(made, data_lib.Folder) and 4 < len(made.ids("validation")) < 12


def test_the_coco_sample_is_found_by_its_name(shared_data):
  made = sources.make_source(
      schema.Source(kind="coco_sample"), str(shared_data("coco128").parent))
  assert made.num_classes == 81 and len(made.ids("train")) == 128


def test_groups_give_a_source_other_classes(photo_folder):
  config = schema.Source(path=str(photo_folder), groups=("thing=red+blue",))
  made = sources.make_source(config)
  assert isinstance(made, data_lib.Regrouped) and made.classes == ("background", "thing")
  sample = next(made.samples("train").as_numpy_iterator())
  assert set(np.unique(sample[fields.MASK])) == {0, 1, 255}
  assert sample[fields.TAGS].tolist() == [1, 1]
  one = sources.make_source(schema.Source(path=str(photo_folder), groups=("blue",), other="ignore"))
  assert one.classes == ("background", "blue") and one.other == "ignore"
  with pytest.raises(ValueError, match="no class to group 'rde'.*(?s:.*)'red'"):
    sources.make_source(schema.Source(path=str(photo_folder), groups=("thing=rde",)))


def test_groups_can_be_overridden_as_texts():
  made = overrides.resolve(
      "em_semi_scenes", overrides="data.sources.0.groups=[vehicle=car+bus,animal=dog+horse]")
  again = overrides.from_yaml(overrides.to_yaml(made))
  for config in (made, again):
    assert config.data.sources[0].groups == ("vehicle=car+bus", "animal=dog+horse")


def test_a_given_source_replaces_the_configured_ones():
  given = Labelled(MIXED)
  assert sources.make_sources(schema.Data(sources=[schema.Source(path="no")]), given) == {"": given}


def test_sources_keep_their_names_and_order(photo_folder):
  made = sources.make_sources(schema.Data(sources=[
      schema.Source(name=name, path=str(photo_folder)) for name in ("b", "a")]))
  assert list(made) == ["b", "a"]


@pytest.mark.parametrize("config, words", [
    (schema.Data(), "has no data"),
    (schema.Data(sources=[schema.Source(kind="foldr")]), "no source kind 'foldr'")])
def test_missing_or_unknown_sources_are_refused(config, words):
  with pytest.raises(ValueError, match=words):
    sources.make_sources(config)


# === Augmentation, weights, fingerprint ===


def test_augmentation_takes_the_mean_colour_of_the_network():
  made = sources.make_augmentation(
      schema.Augmentation(crop=(17, 25), scales=(0.5, 2.0), flip=False, color=0.3), (1, 2, 3))
  assert made.crop == (17, 25) and made.scales == (0.5, 2.0) and made.mean_rgb == (1, 2, 3)
  assert not made.flip and made.color == 0.3 and made.tags_from == "image"


@pytest.mark.parametrize("text", ["", "imagenet", "imagenet_if_available", "file.npz",
                                  "/some/where/file.npz"])
def test_weights_that_need_no_search_stay_as_they_are(text):
  assert sources.find_weights(text, "data") == text


def test_weights_are_searched_for_like_data(tmp_path):
  (tmp_path / "weights").mkdir()
  assert sources.find_weights("weights/a.npz", str(tmp_path)) == str(
      tmp_path / "weights" / "a.npz")
  with pytest.raises(FileNotFoundError, match="elsewhere"):
    sources.find_weights("elsewhere/a.npz", str(tmp_path))


def test_the_fingerprint_follows_what_decides_the_batches():
  def bundle(**changes):
    part = types.SimpleNamespace(source=Labelled(MIXED), split="train", supervision=Kind.MASK,
                                 batch_size=2, weight=1.0)
    part.__dict__.update(changes)
    return types.SimpleNamespace(seed=1, augmentation="none", ids=(("m",),), parts=[part])

  prints = [sources.fingerprint(bundle(**changes)) for changes in (
      {}, {}, {"batch_size": 3}, {"weight": 0.5}, {"supervision": Kind.TAGS},
      {"source": Labelled({"m": Kind.MASK})})]
  assert prints[0] == prints[1] and len(set(prints)) == 5


# === Depth and video ===


def test_a_method_of_depth_gets_the_samples_with_depth():
  flags = {"a": Kind.DEPTH | Kind.MASK, "b": Kind.MASK, "c": Kind.DEPTH}
  part, = sources.default_parts(Labelled(flags), needs=Kind.DEPTH)
  assert part.supervision == Kind.DEPTH and part.ids == ("a", "c") and part.batch_size == 8
  with pytest.raises(ValueError, match="Expected: depth for at least one sample"):
    sources.default_parts(Labelled(MIXED), needs=Kind.DEPTH)


def test_a_method_without_labels_gets_all_samples_and_none_of_theirs():
  part, = sources.default_parts(Labelled(MIXED), needs=Kind.NONE, batch_size=3)
  assert part.supervision == Kind.NONE and part.ids is None and part.batch_size == 3


@pytest.mark.parametrize("flags, wanted", [
    ({"a": Kind.MASK, "b": Kind.TAGS, "c": Kind.NONE},
     [(Kind.MASK, 4, ("a",)), (Kind.NONE, 4, None)]),
    ({"a": Kind.MASK, "b": Kind.MASK}, [(Kind.MASK, 8, ("a", "b"))])])
def test_samples_without_masks_fill_half_of_a_batch_where_they_teach(flags, wanted):
  parts = sources.default_parts(Labelled(flags), needs=Kind.MASK, unlabelled=True)
  assert [(part.supervision, part.batch_size, part.ids) for part in parts] == wanted
  assert [part.weight for part in parts] == [1.0] * len(parts)


def test_numbers_may_be_those_of_another_source():
  made = {"clips": Labelled(MIXED, "clips"), "test": Labelled(MIXED, "test")}
  config = schema.Experiment()
  assert sources.evaluation_source(config, made, made["clips"]) is made["clips"]
  config.evaluation.source = "test"
  assert sources.evaluation_source(config, made, made["clips"]) is made["test"]
  config.evaluation.source = "tset"
  with pytest.raises(ValueError, match="(?s)no source for 'evaluation.source' 'tset'.*"
                     "Did you mean 'test'"):
    sources.evaluation_source(config, made, made["clips"])


def test_a_source_carries_the_disparity_of_a_teacher(photo_folder, tmp_path):
  plain = sources.make_source(schema.Source(path=str(photo_folder)))
  maps = data_lib.write_disparity_maps(
      plain, lambda images: np.float32(images[..., 0]) / 255, tmp_path / "said", "train",
      model_hash="red", progress=False)
  made = sources.make_source(schema.Source(
      path=str(photo_folder), groups=("thing=red+blue",), disparity=str(maps)))
  sample = next(made.samples("train", wanted=("image", "disparity")).as_numpy_iterator())
  np.testing.assert_allclose(
      sample[fields.DISPARITY], np.float32(sample[fields.IMAGE][..., 0]) / 255, atol=1e-4)
  assert made.classes == ("background", "thing")
  with pytest.raises(FileNotFoundError, match="nowhere"):
    sources.make_source(schema.Source(path=str(photo_folder), disparity="nowhere"))


def test_camvid_is_found_by_its_name(shared_data):
  made = sources.make_source(schema.Source(kind="camvid"), str(shared_data("camvid").parent))
  assert made.name == "camvid" and made.num_classes == 11 and len(made.ids("train")) == 367


def test_left_and_right_are_not_averaged_over_mirrored_pictures():
  made = Labelled(MIXED)
  config = schema.Experiment()
  config.evaluation.protocol.flip = True
  assert sources.evaluation_source(config, {"one": made}, made) is made
  made.flip_swaps = ((0, 1),)
  with pytest.raises(ValueError, match="(?s)mix left and right.*flip=false"):
    sources.evaluation_source(config, {"one": made}, made)
  config.evaluation.protocol.flip = False
  assert sources.evaluation_source(config, {"one": made}, made) is made
