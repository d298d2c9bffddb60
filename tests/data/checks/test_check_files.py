"""The look at single files."""
import numpy as np

from keras_weakseg.data.checks import check_files
from keras_weakseg.data.checks import findings
from keras_weakseg.data.sources import folder


def test_size_and_histogram_of_stored_values(mini):
  source, found = folder.Folder(mini, remap={0: 0, 1: 2}), findings.Findings()
  size, raw = check_files.inspect(source, "a0", True, found, whole=True)
  assert size == (12, 16) and raw[:3].tolist() == [176, 16, 0] and not found.problems()


def test_a_broken_image_says_what_is_wrong(mini):
  path = mini / "images" / "a3.png"
  contents = path.read_bytes()
  at = contents.index(b"IDAT") + 6
  path.write_bytes(contents[:at] + bytes([contents[at] ^ 255]) + contents[at + 1:])
  found = findings.Findings()
  check_files.inspect(folder.Folder(mini), "a3", False, found, whole=True)
  assert "a3 (Invalid PNG data" in found.problems()[0].what


def test_mask_stays_closed_unless_asked(mini):
  source, found = folder.Folder(mini), findings.Findings()
  (mini / "masks" / "a0.png").write_bytes(b"garbage")
  assert check_files.inspect(source, "a0", False, found, whole=False) == ((12, 16), None)
  assert not found.problems()
  assert check_files.inspect(source, "a0", True, found, whole=False) == ((12, 16), None)
  assert "no index mask" in found


def test_names_are_counted_by_class(mini):
  source, found = folder.Folder(mini), findings.Findings()
  np.testing.assert_array_equal(
      check_files.check_names(source, {"a0": 1, "a1": 3, "a2": 0}, found), [2, 1, 1])


def test_pairs_name_what_lacks_an_image(mini):
  (mini / "images" / "a1.png").unlink()
  found = findings.Findings()
  check_files.check_pairs(folder.Folder(mini), found)
  assert all(f"{kind} without image" in found for kind in ("masks", "tags", "boxes"))
