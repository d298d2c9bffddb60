"""Disparity maps as a row: made once, at another size if asked for."""
import pytest

from keras_weakseg.benchmark import makers


def test_the_teacher_looks_at_images_once(tiny_video_run, tiny_data, tmp_path):
  def make(folder, **options):
    return makers.disparity_maps(tiny_video_run.model_dir, tiny_data, "train", tmp_path / folder,
                                 options, False)

  count = len(tiny_data.ids("train"))
  assert make("plain") == {"maps": count}
  maps = sorted((tmp_path / "plain").rglob("p*.png"))
  before = [path.stat().st_mtime_ns for path in maps]
  assert make("plain") == {"maps": count}
  assert [path.stat().st_mtime_ns for path in maps] == before
  make("other", size=[64, 96])
  other = tmp_path / "other" / maps[0].relative_to(tmp_path / "plain")
  assert other.read_bytes() != maps[0].read_bytes()
  with pytest.raises(ValueError, match="Did you mean 'size'"):
    make("third", siez=[64, 96])
