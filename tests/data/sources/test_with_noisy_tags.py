"""Mistakes in tags: how many, the same ones again, and only where tags may be read."""
import numpy as np
import pytest

from keras_weakseg import data, fields

CLASSES = ("background", "a", "b", "c", "d", "e")


@pytest.fixture(scope="module")
def source():
  """Four hundred samples of one pixel with one or two tags."""
  random, tags = np.random.RandomState(0), np.zeros((400, len(CLASSES)), np.float32)
  tags[:, 0] = 1
  for row in tags:
    row[random.choice([1, 2, 3, 4, 5], 1 + random.randint(2), replace=False)] = 1
  import tensorflow as tf
  samples = tf.data.Dataset.from_tensor_slices({
      "image": np.zeros((400, 1, 1, 3), np.uint8), "tags": tags,
      "sample_id": [f"s{index}" for index in range(400)],
      "supervision": np.full(400, 1, np.int32)})
  return data.Dataset({"train": samples}, classes=CLASSES)


def read(source, **options):
  found = list(source.samples("train", grant=fields.Supervision.TAGS, **options))
  return {name: np.stack([np.asarray(sample[name]) for sample in found])
          for name in ("tags", "noisy_tags") if name in found[0]}


def test_a_share_of_the_tags_is_exchanged(source):
  found = read(data.WithNoisyTags(source, 0.3))
  true, noisy = found["tags"][:, 1:] > 0, found["noisy_tags"][:, 1:] > 0
  assert (found["noisy_tags"][:, 0] == 1).all()
  np.testing.assert_array_equal(true.sum(1), noisy.sum(1))  # For every lost one a wrong one.
  assert (true & ~noisy).sum() / true.sum() == pytest.approx(0.3, abs=0.05)
  wrong = (noisy & ~true).sum(0)
  assert wrong.min() > 0.5 * wrong.mean()  # No class is preferred.


def test_ends_of_the_share(source):
  found = read(data.WithNoisyTags(source, 0.0))
  np.testing.assert_array_equal(found["tags"], found["noisy_tags"])
  found = read(data.WithNoisyTags(source, 1.0))
  assert not (found["tags"] * found["noisy_tags"])[:, 1:].any()


def test_mistakes_are_those_of_the_sample_and_the_seed(source):
  whole = read(data.WithNoisyTags(source, 0.5))["noisy_tags"]
  part = read(data.WithNoisyTags(source, 0.5), ids=("s7", "s300"))["noisy_tags"]
  np.testing.assert_array_equal(part, whole[[7, 300]])
  assert (read(data.WithNoisyTags(source, 0.5, seed=1))["noisy_tags"] != whole).any()
  prints = {data.WithNoisyTags(source, share, seed).fingerprint()
            for share, seed in ((0.5, 0), (0.5, 1), (0.3, 0))}
  assert len(prints | {source.fingerprint()}) == 4


def test_they_are_read_where_tags_may_be_and_asked_for(source):
  noisy = data.WithNoisyTags(source, 0.5)
  bare = next(iter(noisy.samples("train", grant=fields.Supervision.NONE)))
  assert not {"tags", "noisy_tags"} & bare.keys()
  assert "noisy_tags" not in read(noisy, wanted={"image", "sample_id", "supervision", "tags"})
  alone = next(iter(noisy.samples("train", grant=fields.Supervision.TAGS, wanted={
      "image", "sample_id", "supervision", "noisy_tags"})))
  assert "noisy_tags" in alone and "tags" not in alone


# === Tags of a file ===


def write(path, text):
  path.write_text(text)
  return path


@pytest.mark.parametrize("name, text", [
    ("web.json", '{"p00.png": ["blue"], "p01": ["red", "blue"], "elsewhere": ["red"]}'),
    ("web.csv", "id,tags\np00,blue\np01,red;blue\nelsewhere,red\n")])
def test_tags_of_a_file_stand_beside_the_true_ones(photo_folder, tmp_path, name, text):
  folder = data.Folder(photo_folder, held_out=0)
  noisy = data.NoisyTagFile(folder, write(tmp_path / name, text))
  found = {sample["sample_id"].decode(): sample for sample in noisy.samples(
      "train", grant=fields.Supervision.TAGS).as_numpy_iterator()}
  assert [found[key]["noisy_tags"].tolist() for key in ("p00", "p01", "p02")] == [
      [1, 0, 1], [1, 1, 1], [0, 0, 0]]
  assert [found[key]["tags"].tolist() for key in ("p00", "p01")] == [[1, 1, 0], [1, 0, 1]]
  assert any("1 entries of 'web" in note and "elsewhere" in note for note in noisy.notes)
  assert f"2 of 16 images have noisy tags ({name})" in noisy.notes
  assert noisy.fingerprint() != folder.fingerprint()


def test_noisy_tags_of_images_without_true_ones_are_named_and_not_read(photo_folder, tmp_path):
  folder = data.Folder(photo_folder, masks=None, held_out=0, tags=write(
      tmp_path / "tags.json", '{"p01": ["blue"]}'))
  noisy = data.NoisyTagFile(folder, write(tmp_path / "web.json", '{"p00": ["red"], "p01": []}'))
  assert any("1 entries" in note and "pass the file as tags=" in note and "p00" in note
             for note in noisy.notes)
  assert noisy.supervision("train", fields.Supervision.TAGS, ("p00", "p01")).tolist() == [0, 1]


@pytest.mark.parametrize("text, words", [
    ('{"x": ["red"]}', "(?s)of no image.*such as p00.*Received: x"),
    ('{"p00": ["rd"]}', "(?s)tags of 'p00'.*Did you mean 'red'")])
def test_mistakes_in_the_file_are_refused(photo_folder, tmp_path, text, words):
  with pytest.raises(ValueError, match=words):
    data.NoisyTagFile(data.Folder(photo_folder), write(tmp_path / "web.json", text))


def test_a_share_that_is_none_is_refused(source):
  with pytest.raises(ValueError, match="share of wrong tags"):
    data.WithNoisyTags(source, 30)
