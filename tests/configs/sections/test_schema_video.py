"""The video section of a source: in YAML and overrides, and the same kinds everywhere."""
from keras_weakseg.configs import data_validation
from keras_weakseg.configs.sections import schema
from keras_weakseg.recipes import label_sources


def test_values_are_overridden_and_written():
  source = schema.Source(kind="video")
  source.override({"video": {"size": [96, 320], "offsets": [-2, 2], "field_of_view": 65.0}})
  assert list(source.video.size) == [96, 320] and source.as_dict()["video"]["field_of_view"] == 65.0
  assert tuple(schema.Source().video.offsets) == (-1, 1)


def test_sources_do_not_share_a_section():
  one, other = schema.Source(), schema.Source()
  one.video.stereo = True
  assert not other.video.stereo


def test_what_can_be_made_is_what_is_valid():
  assert data_validation.KINDS == label_sources.KINDS
