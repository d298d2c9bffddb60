"""Registration is lazy, complete, and comes with description, citation and tags."""
import pathlib
import subprocess
import sys

import pytest

from keras_weakseg import datasets

tfds = pytest.importorskip("tensorflow_datasets")


def test_importing_the_package_leaves_tensorflow_datasets_alone():
  code = ("import sys, keras_weakseg, keras_weakseg.datasets as d, keras_weakseg.datasets.scenes\n"
          "assert 'tensorflow_datasets' not in sys.modules\n"
          "names = list(d.register())\n"
          "import tensorflow_datasets as tfds\n"
          "assert not set(names) - set(tfds.list_builders(with_community_datasets=False)), names\n"
          "print('registered', *names)")
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                        cwd=pathlib.Path(datasets.__file__).parents[2])
  assert done.returncode == 0, done.stderr[-2000:]
  assert done.stdout.split()[-len(datasets.BUILDERS):] == list(datasets.BUILDERS)


@pytest.mark.parametrize("name", datasets.BUILDERS)
def test_builders_carry_description_citation_and_valid_tags(builders, name):
  metadata = builders.classes[name].get_metadata()
  assert len(metadata.description) > 100 and "@" in metadata.citation
  assert metadata.tags and set(metadata.tags) <= set(tfds.core.dataset_metadata.valid_tags())
  assert builders.classes[name].name == name
  assert builders.classes[name].code_path.exists()
