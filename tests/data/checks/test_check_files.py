"""The look at single files."""
import re

import numpy as np
import pytest

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


@pytest.mark.parametrize("options, flags", [({"tags": None}, 2), ({"boxes": None}, 1)])
def test_an_empty_list_is_said_to_mean_background(mini, options, flags):
  (mini / "tags.json").write_text('{"a1": []}')
  path = mini / "boxes" / "a1.xml"
  path.write_text(re.sub("<object>.*</object>", "", path.read_text(), flags=re.DOTALL))
  found = findings.Findings()
  check_files.check_names(folder.Folder(mini, **options), {"a1": flags, "a2": 0}, found)
  assert "background alone" in found and "1 samples" in found.problems()[0].what
  found = findings.Findings()  # What a mask says needs no second witness.
  check_files.check_names(folder.Folder(mini, **options), {"a1": flags + 4}, found)
  assert not found.problems()


@pytest.mark.parametrize("name, warned", [
    ("horse", True), ("background", False), ("__background__", False), ("Other", False)])
def test_a_class_list_without_background_is_warned_of(mini, name, warned):
  found = findings.Findings()
  check_files.check_pairs(folder.Folder(mini, classes=(name, "cat", "dog")), found)
  assert ("first class" in found) == warned
