"""Files of data sets, extracted or inside zips."""
import stat
import zipfile

import pytest
import tensorflow as tf

from keras_weakseg.data.readers import archives


@pytest.fixture
def root(tmp_path):
  (tmp_path / "set" / "a").mkdir(parents=True)
  (tmp_path / "set" / "a" / "1.png").write_bytes(b"extracted")
  with zipfile.ZipFile(tmp_path / "set" / "part.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a/1.png", b"packed")
    archive.writestr("a/2.PNG", b"\x00two\xff")
    archive.writestr("a/readme.txt", b"text")
  return tmp_path / "set"


def test_extracted_files_come_before_packed_ones(root):
  files = archives.list_files(root, (".png",))
  assert list(files) == ["a/1.png", "a/2.PNG"]
  assert [archives.read_bytes(path) for path in files.values()] == [b"extracted", b"\x00two\xff"]


def test_one_archive_may_be_the_root(root):
  files = archives.list_files(root / "part.zip", (".png", ".txt"))
  assert list(files) == ["a/1.png", "a/2.PNG", "a/readme.txt"]
  assert archives.read_bytes(files["a/1.png"]) == b"packed"


def test_pipelines_read_both_in_parallel(root):
  paths = list(archives.list_files(root, (".png",)).values()) * 20
  data = tf.data.Dataset.from_tensor_slices(paths).map(archives.read_file, num_parallel_calls=8)
  assert list(data.as_numpy_iterator()) == [b"extracted", b"\x00two\xff"] * 20


def test_a_lost_file_is_an_error(root):
  with pytest.raises(tf.errors.NotFoundError):
    archives.read_file(str(root / "none.png"))
  with pytest.raises(ValueError, match="(?s)The archive .*cannot be read.*a/none.png"):
    archives.read_bytes(f"{root / 'part.zip'}!a/none.png")


@pytest.mark.parametrize("name", ["../out.png", "/etc/a.png", "a/../../b.png"])
def test_members_that_lead_out_of_the_archive_are_refused(tmp_path, name):
  with zipfile.ZipFile(tmp_path / "part.zip", "w") as archive:
    archive.writestr(name, b"x")
  with pytest.raises(ValueError, match="(?s)cannot be read.*paths inside of the archive"):
    archives.list_files(tmp_path, (".png",))


def test_a_link_in_an_archive_is_not_followed(tmp_path):
  (tmp_path / "secret.png").write_bytes(b"not for the archive")
  link = zipfile.ZipInfo("a.png")
  link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
  with zipfile.ZipFile(tmp_path / "part.zip", "w") as archive:
    archive.writestr(link, str(tmp_path / "secret.png"))
  path = archives.list_files(tmp_path / "part.zip", (".png",))["a.png"]
  assert archives.read_bytes(path) == str(tmp_path / "secret.png").encode()


def test_damaged_archives_are_named(tmp_path, root):
  whole = (root / "part.zip").read_bytes()
  (tmp_path / "none.zip").write_bytes(b"no zip")
  with pytest.raises(ValueError, match="(?s)The archive .*none.zip' cannot be read.*whole zip"):
    archives.list_files(tmp_path / "none.zip", (".png",))
  place = whole.index(b"\x00two") if b"\x00two" in whole else whole.index(b"2.PNG") + 8
  (tmp_path / "flip.zip").write_bytes(
      whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1:])
  with pytest.raises(ValueError, match="(?s)The archive .*flip.zip' cannot be read"):
    archives.read_bytes(f"{tmp_path / 'flip.zip'}!a/2.PNG")


def test_a_member_that_expands_is_not_read(root, monkeypatch):
  monkeypatch.setattr(archives, "LIMIT", 4)
  with pytest.raises(ValueError, match="of 6 bytes, of at most 4"):
    archives.read_bytes(f"{root / 'part.zip'}!a/1.png")
