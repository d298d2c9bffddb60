"""What sections say of a source becomes of it: classes of another one, tags of a file."""
import numpy as np
from PIL import Image
import pytest

from keras_weakseg import fields
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.recipes import sources


@pytest.fixture
def folders(tmp_path):
  """Returns the sections of a folder of two classes, and of a larger one that has one of them."""
  for name, classes in (("small", "background\nsofa\nlamp\n"),
                        ("large", "background\nkite\ncouch\ntruck\n")):
    (tmp_path / name / "images").mkdir(parents=True)
    (tmp_path / name / "masks").mkdir()
    (tmp_path / name / "classes.txt").write_text(classes)
    mask = np.zeros((8, 8), np.uint8)
    mask[2:4], mask[5:] = 1, 2
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / name / "images" / "a.png")
    Image.fromarray(mask).save(tmp_path / name / "masks" / "a.png")
  return lambda **small: schema.Data(sources=[
      schema.Source(name="small", path=str(tmp_path / "small"), held_out=0, **small),
      schema.Source(name="large", path=str(tmp_path / "large"), held_out=0)])


def test_a_source_takes_the_classes_of_another_one(folders):
  made = sources.make_sources(folders(classes_of="large", other="ignore", weak=("couch",)))
  assert made["small"].classes == made["large"].classes
  assert made["small"].weak == ("couch",)
  sample, = made["small"].inner.samples("train").as_numpy_iterator()
  assert sample[fields.MASK][:, 0].tolist() == [0, 0, 2, 2, 0, 255, 255, 255]
  assert sample[fields.TAGS].tolist() == [1, 0, 1, 0]


def test_classes_without_anything_in_common_are_refused(folders):
  with pytest.raises(ValueError, match="(?s)'small' has no class of 'large'.*kite.*couch.*truck"):
    sources.make_sources(folders(classes_of="large", groups=("seat=sofa",)))
  with pytest.raises(ValueError, match="(?s)classes_of.*Did you mean 'large'"):
    overrides.validate(schema.Experiment(data=folders(classes_of="larg")))


def test_a_file_in_the_folder_gives_the_noisy_tags_also_of_other_classes(folders, tmp_path):
  (tmp_path / "small" / "web.json").write_text('{"a": ["lamp"]}')
  made = sources.make_sources(folders(noisy_tags="web.json", groups=("seat=sofa", "light=lamp")))
  sample, = made["small"].samples("train").as_numpy_iterator()
  assert sample[fields.NOISY_TAGS].tolist() == [1, 0, 1] and sample[fields.TAGS].tolist() == [
      1, 1, 1]
