"""Sources of labelled images from their configuration."""
import pytest

from keras_weakseg.configs.sections import schema
from keras_weakseg.recipes import label_sources


def test_an_unknown_kind_is_refused():
  with pytest.raises(ValueError, match="Did you mean 'nyuv2'"):
    label_sources.make_plain_source(schema.Source(kind="nyu2"))


@pytest.mark.parametrize("kind, words", [
    ("person_part", "images of Person-Part"), ("lip", "train_images of LIP"),
    ("ccp", "photographs of CCP"), ("nyuv2", "nyu_depth_v2_labeled.mat"),
    ("megadepth", "scenes of MegaDepth")])
def test_published_data_says_what_it_lacks(tmp_path, kind, words):
  with pytest.raises(FileNotFoundError, match=f"'{kind}' was not found"):
    label_sources.make_plain_source(schema.Source(kind=kind), str(tmp_path))
  (tmp_path / kind).mkdir()
  with pytest.raises(FileNotFoundError, match=f"(?s){words}"):
    label_sources.make_plain_source(schema.Source(kind=kind), str(tmp_path))
  with pytest.raises(FileNotFoundError, match="'elsewhere' was not found"):
    label_sources.make_plain_source(schema.Source(kind=kind, path="elsewhere"), str(tmp_path))


def test_real_copies(shared_data):
  root = str(shared_data("nyuv2").parent)
  made = label_sources.make_plain_source(schema.Source(kind="nyuv2", held_out=0.0), root)
  assert len(made.ids("train")) == 265 and len(made.ids("test")) == 150
