"""The contract of makers."""
import pytest

from keras_weakseg.derived import base


def test_sources_are_found_by_name():
  context = base.MakeContext({"a": 1, "b": 2})
  assert context.source("") == 1 and context.source("b") == 2
  with pytest.raises(ValueError, match="no source 'c'"):
    context.source("c")


def test_a_maker_must_make_and_need_not_be_read(tmp_path):
  maker = base.Maker(base.MakeContext({}))
  assert maker.lines() == [] and maker.identity() == {} and maker.complete(tmp_path)
  with pytest.raises(NotImplementedError):
    maker.make(tmp_path)
  with pytest.raises(NotImplementedError, match="makes nothing that samples could carry"):
    base.Maker.wrap(None, tmp_path)
