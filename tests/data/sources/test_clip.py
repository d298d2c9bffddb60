"""Clips are cut in time with everything that belongs to their frames."""
import numpy as np
import pytest

from keras_weakseg.data.sources import clip as clip_lib


def make(name="a", count=10):
  keys = tuple(f"{number:03d}" for number in range(count))
  return clip_lib.Clip(name, keys, tuple(f"{name}/{key}.png" for key in keys), (4, 6), np.eye(3),
                       numbers=tuple(range(5, 5 + count)), depth=("",) * count,
                       poses=np.tile(np.eye(4), [count, 1, 1]))


def test_a_part_keeps_all_that_belongs_to_its_frames():
  part = make().part(2, 5)
  assert part.keys == ("002", "003", "004") and part.numbers == (7, 8, 9)
  assert part.frames[0] == "a/002.png" and part.depth == ("",) * 3 and part.poses.shape == (3, 4, 4)
  assert part.masks is None and part.size == (4, 6)


def test_the_end_of_every_clip_is_held_out():
  splits = clip_lib.divide([make("a"), make("b", 20)], held_out=0.2)
  assert [len(clip.keys) for clip in splits["train"]] == [8, 16]
  assert [clip.keys[0] for clip in splits["validation"]] == ["008", "016"]
  assert clip_lib.divide([make()], held_out=0.0)["validation"] == []


def test_whole_clips_are_held_out_by_name():
  splits = clip_lib.divide([make("a"), make("b")], validation=["b"])
  assert [clip.name for clip in splits["train"]] == ["a"]
  assert [clip.name for clip in splits["validation"]] == ["b"]
  with pytest.raises(ValueError, match="Did you mean 'b'"):
    clip_lib.divide([make("a"), make("b")], validation=["bb"])
  with pytest.raises(ValueError, match=r"Pass validation=\['ab'\]"):
    clip_lib.divide([make("a"), make("b")], validation="ab")


@pytest.mark.parametrize("share", [1.5, 1, -0.5, float("nan"), "0.1", None])
def test_a_share_that_is_none_is_refused(share):
  with pytest.raises(ValueError, match="0 <= held_out < 1"):
    clip_lib.divide([make()], held_out=share)
