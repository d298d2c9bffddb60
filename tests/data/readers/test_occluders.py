"""What hides the scene: pictures and polygons at any size."""
import numpy as np
import pytest

from keras_weakseg.data.readers import occluders

BONNET = [(0, 0.75), (1, 0.75), (1, 1), (0, 1)]


def test_nothing_hides_nothing():
  assert occluders.visible(None) is None and occluders.visible(()) is None


@pytest.mark.parametrize("given", [BONNET, [BONNET], (tuple(BONNET),)])
def test_polygons_are_shares_of_the_picture(given):
  for height, width in ((8, 12), (100, 30), (768, 2048)):
    seen = occluders.visible(given)((height, width)).numpy()
    assert seen.shape == (height, width) and seen.dtype == bool
    np.testing.assert_array_equal(seen, (np.arange(height) < 0.75 * height)[:, None] & seen[:1])
    assert seen[0].all()


def test_a_slanted_edge_has_the_right_area():
  seen = occluders.visible([(0, 0), (1, 0), (0, 1)])((200, 400)).numpy()
  assert seen.mean() == pytest.approx(0.5, abs=0.01) and not seen[0, 0] and seen[-1, -1]


def test_two_polygons_hide_both():
  seen = occluders.visible([[(0, 0), (1, 0), (1, .25), (0, .25)], BONNET])((8, 4)).numpy()
  assert seen[:, 0].tolist() == [False] * 2 + [True] * 4 + [False] * 2


def test_a_picture_is_hidden_where_it_is_not_black(tmp_path, png):
  mask = np.zeros((4, 6), np.uint8)
  mask[3, 2:] = 255
  png(tmp_path / "bonnet.png", mask)
  seen = occluders.visible(tmp_path / "bonnet.png")((8, 12)).numpy()
  np.testing.assert_array_equal(seen, np.kron(mask == 0, np.ones((2, 2), bool)))


def test_wrong_ones_are_refused(tmp_path):
  with pytest.raises(FileNotFoundError, match="occluders="):
    occluders.visible(tmp_path / "no.png")
  (tmp_path / "bad.png").write_text("no picture")
  with pytest.raises(ValueError, match="cannot be read"):
    occluders.visible(tmp_path / "bad.png")
  for polygon in ([(0, 300), (640, 300), (640, 360)], [(0, 0), (1, 1)]):
    with pytest.raises(ValueError, match="shares of width and height"):
      occluders.visible(polygon)
