"""The data that rows name."""
import pytest

import keras_weakseg as kw
from keras_weakseg.benchmark import places


def test_a_row_without_data_has_none():
  assert places.source_of("") is None and places.source_of({}) is None


def test_a_function_of_the_data_package_is_called(photo_folder):
  source = places.source_of({"source": "Folder", "root": str(photo_folder), "held_out": 0.25})
  assert len(source.ids("train")) == len(kw.data.Folder(photo_folder, held_out=0.25).ids("train"))


@pytest.mark.parametrize("given, expected", [
    ({"source": "kitti_stero"}, "Did you mean 'kitti_stereo'"), ({"cars": True}, "source"),
    ({"source": "kitti_stereo", "crs": True}, "cannot be opened"),
    ("em_adpat_scenes", "Did you mean 'em_adapt_scenes'")])
def test_unknown_data(given, expected):
  with pytest.raises(ValueError, match=f"(?s){expected}"):
    places.source_of(given, "photos")


def test_an_experiment_is_looked_for_where_data_lies(tmp_path):
  assert places.resolved("em_adapt_scenes", tmp_path).data.data_dir == str(tmp_path)
  with pytest.raises(FileNotFoundError, match=str(tmp_path)):
    places.source_of("imagenet_50_camvid", tmp_path)
