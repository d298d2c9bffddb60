"""Tests of the place of what is made once."""
import pathlib

import pytest

from keras_weakseg.files import cache


def test_the_cache_is_where_it_is_said_to_be(monkeypatch, tmp_path):
  monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path / "cache"))
  assert cache.cache_root(tmp_path / "x") == tmp_path / "x"
  assert cache.cache_root() == tmp_path / "cache"
  monkeypatch.delenv(cache.ENVIRONMENT)
  monkeypatch.setenv("HOME", str(tmp_path))
  assert cache.cache_root() == tmp_path / ".cache" / "keras_weakseg"


@pytest.mark.parametrize("text", ["~/mine", pathlib.Path("~/mine")])
def test_the_home_directory_is_found(monkeypatch, tmp_path, text):
  monkeypatch.setenv("HOME", str(tmp_path))
  assert cache.cache_root(text) == tmp_path / "mine"
  monkeypatch.setenv(cache.ENVIRONMENT, str(text))
  assert cache.cache_root() == tmp_path / "mine"


def test_nothing_is_made_by_asking(monkeypatch, tmp_path):
  monkeypatch.setenv(cache.ENVIRONMENT, "")
  monkeypatch.setenv("HOME", str(tmp_path))
  assert not cache.cache_root().exists() and not cache.cache_root(tmp_path / "y").exists()
