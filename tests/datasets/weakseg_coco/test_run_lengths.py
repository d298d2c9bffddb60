"""Run lengths: hand-made cases, and the masks that the COCO API gives."""
import numpy as np
import pytest

from keras_weakseg.datasets.weakseg_coco import run_lengths


def encode(counts):
  """Writes run lengths as text, by the words of the format: 5 bits a character, differences."""
  text = ""
  for index, count in enumerate(counts):
    value = count - (counts[index - 2] if index > 2 else 0)
    while True:
      bits, value = value & 31, value >> 5
      done = value == (-1 if bits & 16 else 0)
      text += chr(48 + (bits if done else bits | 32))
      if done:
        break
  return text


# === By hand ===


@pytest.mark.parametrize("text, counts", [
    ("", []), ("5", [5]), ("0", [0]), ("?", [15]),
    # 16 needs a second character, as its highest bit would be the sign; 32 = 0 + 1 * 32.
    ("`0", [16]), ("P1", [32]), ("o0", [31]),
    # The fourth and fifth run are stored as differences 3 - 3 and 1 - 4.
    ("2340M", [2, 3, 4, 3, 1])])
def test_characters_hold_five_bits_and_later_runs_are_differences(text, counts):
  assert run_lengths.parse_counts(text) == run_lengths.parse_counts(text.encode()) == counts
  assert encode(counts) == text


def test_columns_come_first_and_the_first_run_is_outside():
  mask = run_lengths.decode_runs({"size": [3, 2], "counts": [0, 1, 2, 2, 1]})
  assert mask.astype(int).tolist() == [[1, 1], [0, 1], [0, 0]]
  assert mask.dtype == bool
  assert not run_lengths.decode_runs({"size": [3, 2], "counts": [6]}).any()
  assert run_lengths.decode_runs({"size": [3, 2], "counts": [0, 6]}).all()


def test_text_and_list_give_the_same_mask():
  rng = np.random.RandomState(0)
  for _ in range(50):
    height, width = rng.randint(1, 80, 2)
    mask = (rng.rand(height, width) > rng.rand() * .9) & (rng.rand(height, width) > .2)
    flat = mask.T.ravel().astype(int)
    ends = np.flatnonzero(np.diff(flat)) + 1
    counts = ([0] if flat[0] else []) + np.diff([0, *ends, flat.size]).tolist()
    size = [int(height), int(width)]
    for runs in (counts, encode(counts), encode(counts).encode()):
      np.testing.assert_array_equal(run_lengths.decode_runs({"size": size, "counts": runs}), mask)


@pytest.mark.parametrize("counts", [[5], [3, 4], [-1, 7], [], "5"])
def test_runs_that_do_not_fill_the_size_are_refused(counts):
  with pytest.raises(ValueError, match="do not fill its size.*\n.*3 x 2 = 6 pixels"):
    run_lengths.decode_runs({"size": [3, 2], "counts": counts})


def test_a_text_that_is_cut_is_refused():
  with pytest.raises(ValueError, match="ends within a number"):
    run_lengths.parse_counts("5P")


# === Against the COCO API ===


def test_masks_are_those_of_the_coco_api():
  api = pytest.importorskip("pycocotools.mask")
  rng = np.random.RandomState(1)
  for _ in range(50):
    height, width = (int(side) for side in rng.randint(1, 200, 2))
    mask = rng.rand(height, width) > rng.rand()
    runs = api.encode(np.asfortranarray(mask.astype(np.uint8)))
    np.testing.assert_array_equal(run_lengths.decode_runs(runs), mask)
    text = {"size": [height, width], "counts": runs["counts"].decode()}
    np.testing.assert_array_equal(run_lengths.decode_runs(text), mask)
