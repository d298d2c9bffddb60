"""The shared builder finds its own file without packages that TFDS does not require."""
import pathlib
import sys

import pytest

tfds = pytest.importorskip("tensorflow_datasets")
from keras_weakseg.datasets import builder  # pylint: disable=g-import-not-at-top


def test_the_code_path_needs_no_importlib_resources(monkeypatch):
  monkeypatch.setitem(sys.modules, "importlib_resources", None)  # importing it now fails

  class Probe(builder.LocalBuilder, skip_registration=True):
    """A builder of this file."""

  assert pathlib.Path(Probe.code_path) == pathlib.Path(__file__)


def test_readme_and_citation_lie_beside_every_builder(builders):
  for name, found in builders.classes.items():
    assert issubclass(found, builder.LocalBuilder)
    assert found.code_path.name == f"{name}_dataset_builder.py"
    for file in ("README.md", "CITATIONS.bib", "TAGS.txt"):
      assert (found.code_path.parent / file).exists()


def test_the_base_class_itself_is_not_a_data_set():
  assert "local_builder" not in tfds.list_builders(with_community_datasets=False)
