"""The package's public names: few, lazy, and each of them there."""
import types

import pytest

import keras_weakseg as kw

API = ("fit", "evaluate", "evaluate_poses", "predict", "tune_crf", "export", "experiments",
       "check_data", "cluster_files", "completion", "make_disparity_maps", "make_label_maps",
       "make_records", "measure_label_maps", "metric_factor", "prune", "recipe_names", "reference",
       "select", "show", "suites", "tags_of_sentences", "tune_label_maps")


@pytest.mark.parametrize("name", API)
def test_function_is_there(name):
  assert isinstance(getattr(kw, name), types.FunctionType)


@pytest.mark.parametrize("name", sorted(set(kw.__all__) - set(API) - {"__version__"}))
def test_package_is_there(name):
  assert getattr(kw, name).__name__ == f"keras_weakseg.{name}"


def test_the_package_of_suites_is_a_function():
  assert callable(kw.benchmark)


def test_dir_lists_what_is_not_imported_yet():
  assert {"fit", "data", "__version__"} <= set(dir(kw))


def test_unknown_name_says_what_there_is():
  with pytest.raises(AttributeError, match="no attribute 'fitt'; it has .*fit"):
    kw.fitt  # pylint: disable=pointless-statement


def test_version_is_the_metadata_version():
  metadata = pytest.importorskip("importlib.metadata")
  try:
    version = metadata.version("keras-weakseg")
  except metadata.PackageNotFoundError:
    pytest.skip("keras-weakseg is run from the checkout, not installed")
  assert version == kw.__version__
