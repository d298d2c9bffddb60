"""The table of stored values to class ids."""
import numpy as np
import pytest

from keras_weakseg.data.readers import remapping


def test_dicts_and_tables_agree_and_none_stays_none():
  table = remapping.remap_table({0: 0, "128": 1, 255: 2}, 3)
  assert table.dtype == np.uint8 and table[[0, 1, 128, 255]].tolist() == [0, 255, 1, 2]
  np.testing.assert_array_equal(remapping.remap_table(table, 3), table)
  assert remapping.remap_table(None, 3) is None


@pytest.mark.parametrize("remap", [{1: 3}, {1: -1}, [0, 1], np.full(256, 7)])
def test_labels_that_are_no_class_are_refused(remap):
  with pytest.raises(ValueError, match="(?s)remapping.*0..2 or 255"):
    remapping.remap_table(remap, 3)
