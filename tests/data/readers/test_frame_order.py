"""Neighbours by what names say."""
import pytest

from keras_weakseg.data.readers import frame_order
from keras_weakseg.data.sources import video


def neighbours(names):
  """Returns the set of pairs of names that follow one another."""
  order = frame_order.order_of(names)
  place = dict(zip(order.positions, order.names))
  assert len(place) == len(names) and sorted(order.names) == sorted(names)
  return {(name, place[position + 1]) for position, name in place.items() if position + 1 in place}


def pairs(names):
  return set(zip(names, names[1:]))


@pytest.mark.parametrize("names", [
    [f"{number:06d}" for number in range(12)], [f"f{number}" for number in range(8, 14)],
    [f"{number:06d}" for number in range(0, 60, 5)], ["a", "b", "c"], ["0", "0.5", "1", "1.5"],
    ["t0.25", "t0.5", "t0.75", "t1.0"], [f"v1.{number}" for number in range(1, 13)],
    ["1305031102.175304", "1305031102.211214", "1305031102.243211"],
    [f"IMG_20240501_1200{number:02d}" for number in range(9)], ["a"], []])
def test_one_camera_is_one_chain(names):
  assert neighbours(list(reversed(names))) == pairs(names)
  assert not frame_order.order_of(names).notes("c")


@pytest.mark.parametrize("jump", [2, 9, 501])
def test_there_is_nothing_across_a_gap(jump):
  first = [f"frame_{number:05d}" for number in range(6)]
  then = [f"frame_{number:05d}" for number in range(5 + jump, 11 + jump)]
  assert neighbours(first + then) == pairs(first) | pairs(then)
  note, = frame_order.order_of(first + then).notes("drive")
  assert note.startswith("drive: 1 gaps") and "frame_00005" in note


@pytest.mark.parametrize("forms", [
    ("{:04d}_left", "{:04d}_right"), ("left{:04d}", "right{:04d}"), ("cam0_{:03d}", "cam1_{:03d}"),
    ("{:03d}_0", "{:03d}_1"), ("f{:03d}", "f{:03d} (copy)")])
def test_cameras_in_one_folder_are_kept_apart(forms):
  one, other = ([form.format(number) for number in range(5)] for form in forms)
  assert neighbours(one + other) == pairs(one) | pairs(other)
  order = frame_order.order_of(one + other)
  # Side by side in time, so that a share at the end is the same time of both.
  assert {name for name in order.names[:2]} == {one[0], other[0]}
  assert "2 cameras or scenes" in order.notes("drive")[0]


def test_positions_in_the_order_given():
  assert frame_order.positions_of(("f9", "f2", "f1", "f3")) == (8, 1, 0, 2)


def test_samples_of_a_folder_do_not_cross_gaps_and_cameras(tmp_path, frames):
  frames(tmp_path / "gap", count=4)
  frames(tmp_path / "gap", count=4, first=506)
  for side in ("left", "right"):
    frames(tmp_path / "pair", count=4, suffix=f"_{side}.png")
  source = video.Video(tmp_path, "20 20 7.5 5.5", held_out=0, static_threshold=0)
  assert source.ids("train") == (
      "gap/000001", "gap/000002", "gap/000507", "gap/000508",
      "pair/000001_left", "pair/000001_right", "pair/000002_left", "pair/000002_right")
  for sample in source.samples("train").as_numpy_iterator():
    # The brightness of `frames` counts by 25.
    middle = int(sample["image"][0, 0, 0])
    assert [int(frame[0, 0, 0]) - middle for frame in sample["frames"]] == [-25, 25]
  assert any("1 gaps" in note for note in source.notes)
  assert any("#_left, #_right" in note for note in source.notes)
