"""Folder: what it finds, whom it allows to read what, and what it refuses."""
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import folder

Kind = fields.Supervision


def read(source, split="train", **options):
  """Returns the samples of one ordered pass as dicts of numpy arrays."""
  return list(source.samples(split, **options).as_numpy_iterator())


def test_samples_hold_every_granted_label(mini):
  source = folder.Folder(mini, held_out=0.0)
  samples = read(source, grant=Kind.MASK)
  assert [s[fields.SAMPLE_ID].decode() for s in samples] == [f"a{k}" for k in range(10)]
  first = samples[1]
  assert first[fields.IMAGE].shape == (12, 16, 3) and first[fields.MASK].max() == 2
  assert first[fields.TAGS].tolist() == [1, 0, 1] and first[fields.SUPERVISION] == 7
  np.testing.assert_allclose(first[fields.BOXES], [[1 / 12, 2 / 16, 5 / 12, 6 / 16]], rtol=1e-6)
  assert first[fields.BOX_CLASSES].tolist() == [2]
  fields.check_spec(source.samples("train").element_spec)


def test_no_label_is_delivered_that_is_not_granted(mini):
  source = folder.Folder(mini)
  assert set(read(source, grant=Kind.TAGS)[0]) == {
      fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION, fields.TAGS}
  assert set(read(source, grant=Kind.NONE)[0]) == {
      fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION}


@pytest.mark.parametrize("grant", [Kind.TAGS, Kind.NONE])
@pytest.mark.parametrize("damage", ["garbage", "absent"])
def test_masks_and_boxes_that_are_not_granted_are_never_opened(mini, grant, damage):
  before = read(folder.Folder(mini, validation=["a0"]), grant=grant)
  for place in ("masks", "boxes"):
    for path in (mini / place).iterdir():
      path.write_bytes(b"garbage") if damage == "garbage" else path.unlink()
  after = read(folder.Folder(mini, validation=["a0"]), grant=grant)
  assert len(before) == len(after) == 9
  for one, other in zip(before, after):
    assert one.keys() == other.keys()
    for name in one:
      np.testing.assert_array_equal(one[name], other[name])


def test_files_opened_are_those_granted(mini, monkeypatch):
  opened = []
  real = tf.io.read_file

  def spy(path):
    tf.numpy_function(lambda p: opened.append(p.decode()) or np.int32(0), [path], tf.int32)
    return real(path)

  monkeypatch.setattr(tf.io, "read_file", spy)
  manifest = mini / "manifest.json"
  manifest.write_text(json.dumps({"mask": ["a1", "a2"], "tags": ["a3"]}))
  source = folder.Folder(mini, manifest="manifest.json", validation=["a0"])
  read(source, grant=Kind.MASK)
  masks = sorted(path for path in opened if "/masks/" in path)
  assert [path[-6:] for path in masks] == ["a1.png", "a2.png"]
  assert len([path for path in opened if "/images/" in path]) == 9


def test_tag_file_is_not_opened_without_need(mini):
  (mini / "tags.json").write_text("broken")
  source = folder.Folder(mini)
  assert read(source, grant=Kind.NONE)
  with pytest.raises(ValueError, match="tag file"):
    read(source, grant=Kind.TAGS)


def test_manifest_limits_each_sample(mini):
  (mini / "list.txt").write_text("a1 mask\na2 tags\na3 boxes\na4 none\n")
  source = folder.Folder(mini, manifest="list.txt", validation=["a0"])
  ids = source.ids("train")
  found = dict(zip(ids, source.supervision("train")))
  assert [found[f"a{k}"] for k in (1, 2, 3, 4, 5)] == [7, 1, 3, 0, 0]
  samples = {s[fields.SAMPLE_ID].decode(): s for s in read(source, grant=Kind.MASK)}
  assert [int(samples[f"a{k}"][fields.SUPERVISION]) for k in (1, 2, 3, 4)] == [7, 1, 3, 0]
  assert samples["a1"][fields.MASK].max() == 2 and (samples["a2"][fields.MASK] == 255).all()
  assert samples["a2"][fields.TAGS].tolist() == [1, 1, 0]
  assert samples["a4"][fields.TAGS].tolist() == [0, 0, 0]
  assert len(samples["a2"][fields.BOXES]) == 0 and len(samples["a3"][fields.BOXES]) == 1
  # The manifest rules training; a validation list that it does not name keeps its masks.
  assert source.supervision("val").tolist() == [7]


def test_tags_come_from_the_mask_where_no_tag_file_is(mini):
  (mini / "tags.json").unlink()
  source = folder.Folder(mini, validation=["a0"])
  assert read(source, grant=Kind.MASK)[0][fields.TAGS].tolist() == [1, 0, 1]
  assert source.supervision("train", Kind.TAGS).tolist() == [0] * 9
  assert read(source, grant=Kind.TAGS)[0][fields.SUPERVISION] == 0


def test_held_out_share_is_stable_and_noted(mini):
  source = folder.Folder(mini, held_out=0.5)
  train, val = set(source.ids("train")), set(source.ids("val"))
  assert val and not train & val and len(train | val) == 10
  assert "held out" in source.notes[0]
  assert folder.Folder(mini, held_out=0.5).ids("val") == source.ids("val")
  more = [folder.Folder(mini, held_out=0.5, seed=seed).ids("val") for seed in range(1, 5)]
  assert any(other != source.ids("val") for other in more)
  # New images change nothing for the old ones.
  shutil.copy(mini / "images" / "a1.png", mini / "images" / "b1.png")
  shutil.copy(mini / "masks" / "a1.png", mini / "masks" / "b1.png")
  assert set(folder.Folder(mini, held_out=0.5).ids("val")) - {"b1"} == val


def test_a_held_out_share_that_is_none_is_refused(mini):
  with pytest.raises(ValueError, match="0 <= held_out < 1"):
    folder.Folder(mini, held_out=1.5)


def test_held_out_only_masks_that_may_be_used(mini):
  (mini / "m.json").write_text(json.dumps({"mask": ["a1", "a2"]}))
  source = folder.Folder(mini, manifest="m.json", held_out=0.01)
  assert len(source.ids("val")) == 1 and set(source.ids("val")) <= {"a1", "a2"}


def test_validation_list_and_named_splits(mini):
  (mini / "v.txt").write_text("a3\na1\n")
  source = folder.Folder(mini, validation="v.txt")
  assert source.ids("val") == ("a3", "a1") and "a3" not in source.ids("train")
  assert not source.notes
  source = folder.Folder(mini, splits={"train": ["a2", "a1"], "weak": ["a1", "a5"], "val": ["a0"]})
  assert source.splits() == ("train", "weak", "val")
  assert source.ids("train+weak") == ("a2", "a1", "a5")


@pytest.mark.parametrize("train", [{}, {"train": [f"a{k}" for k in range(5)]}])
def test_a_test_list_stays_whole_and_is_not_trained_on(train, mini):
  listed = ("a9", "a5", "a6", "a7", "a8")
  source = folder.Folder(mini, splits={**train, "test": listed, "few": ["a0", "a1"]}, held_out=0.5)
  held = set(source.ids("validation"))
  assert source.ids("test") == listed and held and not held & set(listed)
  assert held | set(source.ids("train")) == {f"a{k}" for k in range(5)}
  assert not held & set(source._split_ids("few"))


def test_csv_tags_and_coco_boxes(mini):
  (mini / "tags.csv").write_text("id,tags\na1,cat;dog\na2,\n")
  (mini / "boxes.json").write_text(json.dumps({
      "images": [{"id": 5, "file_name": "a1.png", "width": 16, "height": 12}],
      "categories": [{"id": 9, "name": "dog"}],
      "annotations": [{"image_id": 5, "category_id": 9, "bbox": [2, 1, 4, 4]}]}))
  source = folder.Folder(mini, tags="tags.csv", boxes="boxes.json", masks=None,
                         validation=["a0"])
  samples = {s[fields.SAMPLE_ID].decode(): s for s in read(source, grant=Kind.BOXES)}
  assert samples["a1"][fields.TAGS].tolist() == [1, 1, 1]
  assert samples["a2"][fields.TAGS].tolist() == [1, 0, 0]
  assert [int(samples[f"a{k}"][fields.SUPERVISION]) for k in (1, 2, 3)] == [3, 1, 0]
  np.testing.assert_allclose(samples["a1"][fields.BOXES], [[1 / 12, 2 / 16, 5 / 12, 6 / 16]])


def test_remap_makes_other_label_spaces_fit(mini, png):
  for path in (mini / "masks").iterdir():
    png(path, np.array([[0, 128, 255, 9]] * 12, np.uint8).repeat(4, 1))
  source = folder.Folder(mini, remap={0: 0, 128: 1, 255: 2})
  assert read(source)[0][fields.MASK][0, ::4].tolist() == [0, 1, 2, 255]
  assert read(source)[0][fields.TAGS].tolist() == [1, 1, 0]  # the tag file has the last word
  with pytest.raises(ValueError, match="remapping"):
    folder.Folder(mini, remap={1: 3})


def test_wrong_labels_and_sizes_name_the_sample(mini, png):
  png(mini / "masks" / "a1.png", np.full((12, 16), 77, np.uint8))
  source = folder.Folder(mini, validation=["a0"])
  with pytest.raises(tf.errors.InvalidArgumentError) as caught:
    read(source)
  assert "The mask of 'a1'" in str(decode.house_error(caught.value))
  png(mini / "masks" / "a1.png", np.zeros((11, 16), np.uint8))
  with pytest.raises(tf.errors.InvalidArgumentError, match="another size"):
    read(source)


def test_subfolders_become_part_of_the_id(mini, png):
  png(mini / "images" / "sub" / "a1.png", np.zeros((4, 4, 3), np.uint8))
  assert "sub/a1" in folder.Folder(mini).ids("train")
  png(mini / "images" / "a1.bmp", np.zeros((4, 4, 3), np.uint8))
  with pytest.raises(ValueError, match="Two files.*'a1'"):
    folder.Folder(mini)


def test_streams_resume_at_any_position(mini):
  source = folder.Folder(mini, held_out=0.0)
  ids = lambda data: [s[fields.SAMPLE_ID].decode() for s in data.as_numpy_iterator()]
  whole = ids(source.samples("train", seed=5).take(30))
  assert ids(source.samples("train", seed=5, start=13).take(17)) == whole[13:]
  assert whole == source.draws("train", None, 5, range(30))
  assert sorted(whole[:10]) == sorted(whole[10:20]) == sorted(source.ids("train"))
  keys = [tuple(s[fields.SAMPLE_KEY]) for s in source.samples("train", seed=5).take(30)
          .as_numpy_iterator()]
  assert len(set(keys)) == 30


def test_fingerprint_follows_ids_and_settings(mini):
  base = folder.Folder(mini, validation=["a0"]).fingerprint()
  assert base == folder.Folder(mini, validation=["a0"]).fingerprint()
  assert base != folder.Folder(mini, validation=["a1"]).fingerprint()
  assert base != folder.Folder(mini, validation=["a0"], remap={0: 0}).fingerprint()


@pytest.mark.parametrize("change, error, text", [
    (dict(images="pictures"), FileNotFoundError, "holds no images"),
    (dict(classes=("background",)), ValueError, "class names"),
    (dict(classes=("background", "cat", "cat")), ValueError, "each name once"),
    (dict(validation=["zz"]), FileNotFoundError, "(?s)split 'validation'.*zz"),
    (dict(validation="none.txt"), FileNotFoundError, "id list"),
    (dict(manifest="none.txt"), FileNotFoundError, "manifest")])
def test_wrong_folders_are_refused(mini, change, error, text):
  with pytest.raises(error, match=text):
    folder.Folder(mini, **change)


def test_missing_class_names_and_unknown_tags_are_refused(mini):
  source = folder.Folder(mini, classes=("background", "cat", "dgo"))
  with pytest.raises(ValueError, match="(?s)tags of 'a[0-9]'.*Did you mean 'dgo'"):
    read(source, grant=Kind.TAGS)
  dropped = folder.Folder(mini, classes=("background", "cat", "dgo"), unknown_names="drop",
                          validation=["a0"])
  assert read(dropped, grant=Kind.TAGS)[0][fields.TAGS].tolist() == [1, 0, 0]
  (mini / "classes.txt").unlink()
  with pytest.raises(FileNotFoundError, match="classes.txt"):
    folder.Folder(mini)


def test_unknown_splits_and_ids_are_refused(mini):
  with pytest.raises(ValueError, match="(?s)two lists.*validation= or splits..val"):
    folder.Folder(mini, splits={"train": ["a1"], "val": ["a2"]}, validation=["a3"])
  source = folder.Folder(mini, validation=["a0"])
  with pytest.raises(ValueError, match="Did you mean 'train'"):
    source.ids("trian")
  with pytest.raises(ValueError, match="does not hold"):
    source.samples("train", ids=("a0",))
  (mini / "m.txt").write_text("a1 tags\n")
  with pytest.raises(ValueError, match="'val' .*is empty"):
    folder.Folder(mini, manifest="m.txt").ids("val")


@pytest.mark.parametrize("place", ["masks", "tags", "boxes"])
def test_a_named_place_must_be_there_and_none_is_no_place(mini, place):
  with pytest.raises(FileNotFoundError, match=f"(?s)The {place} of .*absent.*{place}=None"):
    folder.Folder(mini, **{place: "absent"})
  flag = fields.Supervision[{"masks": "MASK"}.get(place, place.upper())]
  without = folder.Folder(mini, validation=(), **{place: None})
  assert not (without.supervision("train", flag) & flag).any()
  assert (folder.Folder(mini, validation=()).supervision("train", flag) & flag).any()


# === Depth ===


def deep(root, ids=("a0", "a1", "a2", "a3"), value=2.0):
  (root / "depth").mkdir(exist_ok=True)
  for name in ids:
    np.save(root / "depth" / f"{name}.npy", np.full((12, 16), value))
  return root


def test_depth_lies_beside_the_photographs(mini):
  plain = folder.Folder(mini, validation=["a0"]).fingerprint()
  source = folder.Folder(deep(mini), validation=["a0"])
  flags = source.supervision("train", Kind.DEPTH)
  assert flags.tolist() == [int(Kind.DEPTH)] * 3 + [0] * 6
  rows = read(source, grant=Kind.DEPTH | Kind.MASK)
  assert [float(row[fields.DEPTH].max()) for row in rows] == [2] * 3 + [0] * 6
  assert rows[0][fields.SUPERVISION] == int(fields.granted(Kind.MASK | Kind.DEPTH))
  assert rows[0][fields.MASK].max() == 2
  only = read(source, grant=Kind.DEPTH, ids=["a1"])[0]
  assert not {fields.MASK, fields.BOXES} & set(only) and only[fields.DEPTH].dtype == np.float32
  assert folder.Folder(mini, depth=None, validation=["a0"]).fingerprint() == plain
  assert source.fingerprint() != plain


def test_depth_that_is_not_granted_is_never_opened(mini):
  for path in deep(mini).glob("depth/*.npy"):
    path.write_text("garbage")
  (mini / "m.txt").write_text("a1 mask\na2 mask+depth\na5 depth\n")
  source = folder.Folder(mini, manifest="m.txt", validation=["a0"])
  assert source.lacking() == [("a5", "depth")]
  assert read(source, grant=Kind.MASK) and read(source, grant=Kind.DEPTH, ids=["a1"])
  with pytest.raises(tf.errors.OpError, match="(?s)a2.npy.*cannot be read"):
    read(source, grant=Kind.DEPTH)


def test_images_and_depth_alone_need_no_classes(mini):
  for name in ("masks", "boxes"):
    shutil.rmtree(mini / name)
  (mini / "tags.json").unlink()
  (mini / "classes.txt").unlink()
  with pytest.raises(FileNotFoundError, match="class names"):
    folder.Folder(mini)
  source = folder.Folder(deep(mini, [f"a{number}" for number in range(10)]), held_out=0.3)
  assert not source.labelled and source.classes == ()
  assert source.ids("validation") and "images with depth are held out" in source.notes[0]
  assert set(read(source, grant=~Kind.NONE)[0]) == {
      fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION, fields.DEPTH}


def test_a_scale_that_is_none_is_refused(mini):
  for scale in (0, -1, float("nan")):
    with pytest.raises(ValueError, match="(?s)scale of depth.*above 0"):
      folder.Folder(deep(mini), depth_scale=scale)
