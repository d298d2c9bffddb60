"""Labels by number: what may be opened is, the rest is blank; what grants a tag, gives it."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import folder_loaders

Kind = fields.Supervision


@pytest.fixture
def source(mini):
  return folder.Folder(mini, held_out=0.0)


def test_masks_are_read_where_they_may_be(source, mini):
  (mini / "masks" / "a2.png").write_bytes(b"garbage")
  image = tf.zeros([12, 16, 3], tf.uint8)
  load = folder_loaders.mask_loader(source, ("a1", "a2"), np.array([True, False]))
  assert load(0, "a1", image).numpy()[1, 2] == 2 and (load(1, "a2", image).numpy() == 255).all()


@pytest.mark.parametrize("flag, expected", [(Kind.TAGS, [1, 0, 1]), (Kind.BOXES, [1, 0, 1]),
                                            (Kind.MASK, [1, 0, 1]), (Kind.NONE, [0, 0, 0])])
def test_tags_come_from_what_is_granted(source, flag, expected):
  load = folder_loaders.tag_loader(source, ("a1",), np.array([int(flag)]))
  mask = tf.constant(np.eye(4, dtype=np.uint8) * 2)
  assert load(0, mask).numpy().tolist() == expected


def test_boxes_are_cut_out_of_one_array(source, mini):
  (mini / "boxes" / "a1.xml").write_text("garbage")
  load = folder_loaders.box_loader(source, ("a0", "a1", "a2"), np.array([True, False, True]))
  assert [len(load(index)[1]) for index in range(3)] == [1, 0, 1]
  np.testing.assert_allclose(load(2)[0], [[1 / 12, 2 / 16, 5 / 12, 6 / 16]], atol=1e-6)
