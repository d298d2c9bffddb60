"""Groups of classes: the golden aggregation of COCO to VOC, texts, refusals."""
import pathlib

import numpy as np
import pytest

from keras_weakseg.datasets import body_labels
from keras_weakseg.datasets import groups
from keras_weakseg.datasets import labels
from keras_weakseg.ops import losses

SCENES = labels.SCENES.classes
COARSE = {"vehicle": ("car", "bus"), "animal": ("dog", "horse")}


# === Aggregation ===


def test_voc_from_coco_is_the_golden_grouping(golden):
  wanted = golden("em.npz")["aggregate__groups"]
  found = groups.aggregation_groups(labels.COCO.classes, labels.VOC.classes)
  assert found == [[int(channel) for channel in row if channel >= 0] for row in wanted]
  of_input = golden("em.npz")["aggregate__group_of_input"]
  assert [next(target for target, ids in enumerate(found) if channel in ids)
          for channel in range(81)] == of_input.tolist()


def test_scores_aggregated_by_name_are_the_golden_ones(golden):
  data = golden("em.npz")
  found = groups.aggregation_groups(labels.COCO.classes, labels.VOC.classes)
  np.testing.assert_allclose(
      losses.aggregate_classes(data["aggregate__scores"], found), data["aggregate__out"],
      rtol=1e-5, atol=1e-5)


def test_every_channel_goes_to_exactly_one_class():
  for target, given in ((labels.VOC.classes, None), (labels.VOC_ANIMALS.classes, None),
                        (("background", "vehicle", "animal"),
                         {"vehicle": ("car", "bus", "truck"), "animal": ("dog", "sheep")})):
    found = groups.aggregation_groups(labels.COCO.classes, target, given)
    assert len(found) == len(target)
    assert sorted(channel for ids in found for channel in ids) == list(range(81))


def test_groups_and_names_mix():
  found = groups.aggregation_groups(SCENES, ("background", "animal", "person", "vehicle"), COARSE)
  assert found == [[0], [4, 5], [1], [2, 3]]
  assert groups.aggregation_groups(
      SCENES, ("background", "animal"), {"animal": ("dog",)}) == [[0, 1, 2, 3, 5], [4]]


def test_synonyms_work_both_ways():
  coco_of_voc = groups.class_groups(
      labels.VOC.classes, ("background", "tv", "airplane", "cat"))
  assert coco_of_voc == [[0], [20], [1], [8]]
  with pytest.raises(ValueError, match="no class to group 'television'"):
    groups.class_groups(labels.VOC.classes, ("background", "television"))


# === Groups ===


def test_the_background_takes_only_what_is_named():
  assert groups.class_groups(SCENES, ("background", "animal"), {"animal": ("dog", "horse")}) == [
      [0], [4, 5]]
  assert groups.class_groups(SCENES, ("background", "dog"), {"background": ("car",)}) == [
      [0, 2], [4]]
  assert groups.class_groups(SCENES, ("background", "dog"), {"background": ("background",)}) == [
      [0], [4]]


def test_a_class_without_members_must_be_said_to_be_empty():
  with pytest.raises(ValueError, match="no class to group 'sheep'"):
    groups.class_groups(SCENES, ("background", "sheep", "dog"))
  assert groups.class_groups(SCENES, ("background", "sheep", "dog"), {"sheep": ()}) == [
      [0], [], [4]]


@pytest.mark.parametrize("new, given, words", [
    (("background", "a", "b"), {"a": ("dog",), "b": ("horse", "dog")}, "'dog' is in two groups"),
    (("background", "a"), {"a": ("dog",), "b": ("horse",)}, "no new class for the group 'b'"),
    (("background", "a"), {"a": ("dgo",)}, "Did you mean 'dog'"),
    (("background", "a"), {"a": ("background", "dog")}, "'background' is in two groups")])
def test_wrong_groups_are_refused(new, given, words):
  with pytest.raises(ValueError, match=words):
    groups.class_groups(SCENES, new, given)


# === Texts ===


def test_texts_keep_their_order():
  assert list(groups.parse_groups(("b = x + y", "a", "c=z"))) == ["b", "a", "c"]
  assert groups.parse_groups(("b = x + y",)) == {"b": ("x", "y")}
  assert groups.parse_groups(()) == {}


@pytest.mark.parametrize("text", ["=car", "vehicle=", "vehicle=car+", "", "a=b"])
def test_texts_of_another_form_are_refused(text):
  with pytest.raises(ValueError, match="cannot be read.*\n.*vehicle=car"):
    groups.parse_groups(("a=c", text))


# === Files ===


def test_a_file_holds_groups(tmp_path):
  path = tmp_path / "coarse.yaml"
  path.write_text("vehicle: [car, bus]\nanimal: [dog, horse]\n")
  assert groups.parse_groups((str(path), "person")) == {**COARSE, "person": ("person",)}
  for text in ("- car", "vehicle: car", "vehicle: []", "vehicle: [1]", "1: [car]"):
    path.write_text(text)
    with pytest.raises(ValueError, match="(?s)file of groups.*vehicle"):
      groups.parse_groups((str(path),))
  with pytest.raises(FileNotFoundError, match="file of groups"):
    groups.parse_groups((str(tmp_path / "no.yaml"),))


def test_the_groups_of_ccp_take_every_garment_once():
  root = pathlib.Path(__file__).resolve().parents[2]
  found = groups.parse_groups(
      (str(root / "official_configs" / "depth_parts" / "groups" / "ccp_parts.yaml"),))
  members = [name for names in found.values() for name in names]
  assert sorted(members) == sorted(body_labels.CCP.classes[1:]) and len(found) == 7
  ids = groups.class_groups(body_labels.CCP.classes, ("background", *found), found)
  assert ids[0] == [0] and ids[2] == [body_labels.CCP.index("skin")]
