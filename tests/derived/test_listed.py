"""Published lists of places: the right ids for every seed, and lists that do not fit."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.derived import base
from keras_weakseg.derived import listed

LISTS = {"43": [2, 0, 1], "42": [3, 1, 0]}


@pytest.fixture
def make(tmp_path):
  (tmp_path / "lists").mkdir()
  samples = tf.data.Dataset.from_tensor_slices({
      fields.SAMPLE_ID: ["d", "b", "a", "c"], fields.IMAGE: np.zeros([4, 2, 2, 3], np.uint8)})
  source = data.Dataset({"train": samples}, ("background", "thing"))

  def build(lists=None, seed=1, count=2):
    (tmp_path / "lists" / "places.json").write_text(json.dumps(LISTS if lists is None else lists))
    context = base.MakeContext({"photos": source}, seed=seed, data_dir=str(tmp_path))
    return listed.Listed(context, file="lists/places.json", count=count)

  return build


def test_places_are_those_of_sorted_ids_in_the_order_of_the_list(make, tmp_path):
  assert make().make(tmp_path) == {"ids": ["d", "b"]}
  assert make(seed=2, count=3).chosen() == ("c", "a", "b")
  assert make(seed=3).chosen() == make(seed=1).chosen()
  assert "2 of 4 images" in make().lines()[0]
  assert make(seed=1).identity() != make(seed=2).identity()


@pytest.mark.parametrize("lists", [{}, {"42": [1]}, {"42": [1, 1]}, {"42": [1, 4]},
                                   {"42": [-1, 1]}])
def test_lists_that_do_not_fit_are_refused(make, lists):
  with pytest.raises(ValueError, match="(?s)does not fit the split.*2 different places in 0..3"):
    make(lists).chosen()


def test_other_forms_are_refused(make):
  with pytest.raises(ValueError, match="list of places"):
    make({"42": ["a", "b"]}).chosen()


def test_the_published_list_names_real_images(shared_data):
  folder = shared_data("camvid")
  source = data.camvid(data_dir=folder.parent)
  chosen = [listed.Listed(base.MakeContext({"camvid": source}, seed=seed,
                                           data_dir=str(folder.parent)),
                          file="camvid/hoyer_selected_indices.json", count=100).chosen()
            for seed in (1, 2, 3)]
  assert all(len(set(ids)) == 100 for ids in chosen) and len({*map(tuple, chosen)}) == 3
  places = json.loads((folder / "hoyer_selected_indices.json").read_text())["43"]
  assert chosen[1][0] == sorted(source.ids("train"))[places[0]]
