"""Listed images with the files of their labels: what is read, what is not, how ids are divided."""
import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.data.sources import paired

Kind = fields.Supervision


@pytest.fixture
def source(tmp_path, png):
  """Returns three samples: two with mask and depth, one with tags."""
  rows = {}
  for number, name in enumerate("abc"):
    png(tmp_path / f"{name}.png", np.full((4, 6, 3), 10 * number, np.uint8))
    png(tmp_path / f"{name}_mask.png", np.full((4, 6), number, np.uint8))
    np.save(tmp_path / f"{name}.npy", np.full((4, 6), number + 1.5))
  path = lambda name: str(tmp_path / name)
  rows = {"a": paired.Entry(path("a.png"), path("a_mask.png"), path("a.npy")),
          "b": paired.Entry(path("b.png"), path("b_mask.png"), path("b.npy")),
          "c": paired.Entry(path("c.png"), tags=("right",))}
  return paired.Paired(
      "mini", ("background", "left", "right"), {"train": rows, "more": {"c": rows["c"]}},
      aliases={"all": "train+more"}, swaps=[("left", "right")])


def test_samples_carry_what_there_is(source):
  flags = source.supervision("train")
  assert [int(flag) for flag in flags] == [int(Kind.MASK | Kind.DEPTH)] * 2 + [int(Kind.TAGS)]
  rows = list(source.samples("train", grant=~Kind.NONE).as_numpy_iterator())
  assert rows[1][fields.MASK].tolist() == [[1] * 6] * 4
  assert (rows[2][fields.MASK] == 255).all() and (rows[2][fields.DEPTH] == 0).all()
  assert [row[fields.TAGS].tolist() for row in rows] == [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
  assert [float(row[fields.DEPTH][0, 0]) for row in rows] == [1.5, 2.5, 0.0]
  assert source.ids("all") == ("a", "b", "c") and source.flip_swaps == ((1, 2),)


def test_what_is_not_granted_is_not_opened(source, tmp_path):
  for path in (*tmp_path.glob("*_mask.png"), *tmp_path.glob("*.npy")):
    path.write_text("broken")
  for grant in (Kind.TAGS, Kind.NONE):
    rows = list(source.samples("train", grant=grant).as_numpy_iterator())
    assert not {fields.MASK, fields.DEPTH} & set(rows[0])
  with pytest.raises(Exception, match="cannot be read"):
    list(source.samples("train", grant=Kind.DEPTH))


def test_labels_of_another_size_are_refused(source, tmp_path, png):
  png(tmp_path / "a_mask.png", np.zeros((5, 6), np.uint8))
  np.save(tmp_path / "b.npy", np.ones((4, 7)))
  with pytest.raises(Exception, match="mask of 'a' has another size"):
    list(source.samples("train", ids=["a"]))
  with pytest.raises(Exception, match="(?s)depth map of 'b'.*4x6.*4x7"):
    list(source.samples("train", ids=["b"], grant=Kind.DEPTH))


@pytest.mark.parametrize("other", [
    {"image": "val/1.jpg"}, {"mask": "val/1.png"}, {"tags": ("dog",)}])
def test_an_id_means_one_sample(other):
  one = paired.Entry("train/1.jpg", "train/1.png")
  paired.Paired("mini", ("background", "dog"), {"train": {"1": one}, "val": {"1": one}})
  with pytest.raises(ValueError, match="(?s)'mini' have the same id.*'1': .*train/1.* and .*"):
    paired.Paired("mini", ("background", "dog"),
                  {"train": {"1": one}, "val": {"1": one._replace(**other)}})


def test_what_lacks_is_named():
  with pytest.raises(FileNotFoundError, match="(?s)2 of 3 samples lack their mask.*b, c"):
    paired.pair({"a": "", "b": "", "c": ""}, {"a": ""}, "abc", "Mini", (
        ("image", "x"), ("mask", "y")), "Get it.")
  with pytest.raises(FileNotFoundError, match="holds no samples"):
    paired.Paired("none", (), {"train": {}})


def test_a_share_is_held_out_by_the_ids_alone():
  ids = [f"p{number}" for number in range(40)]
  parts = paired.divided(ids, {"val": 0.1, "test": 0.25})
  assert [len(parts[name]) for name in ("train", "val", "test")] == [26, 4, 10]
  assert sorted(sum(parts.values(), ())) == sorted(ids)
  assert paired.divided(ids[::-1], {"val": 0.1, "test": 0.25})["val"] == parts["val"][::-1]


def test_places_are_tried_in_order(tmp_path):
  (tmp_path / "b").mkdir()
  assert paired.place(tmp_path, ("a", "b"), "Things", "Get them.").name == "b"
  with pytest.raises(FileNotFoundError, match="(?s)Things are not there.*c' or .*d'"):
    paired.place(tmp_path, ("c", "d"), "Things", "Get them.")
