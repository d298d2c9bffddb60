"""npz archives: numbers are read as they were written; everything else is refused before it is."""
import io
import zipfile

import numpy as np
import pytest

from keras_weakseg.files import npz_files


def header(shape, kind="<f4"):
  """Returns the start of an .npy file that claims a shape."""
  file = io.BytesIO()
  np.lib.format.write_array_header_1_0(
      file, {"descr": kind, "fortran_order": False, "shape": shape})
  return file.getvalue()


def archive(path, **members):
  with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
    for name, contents in members.items():
      file.writestr(f"{name}.npy", contents)
  return path


def test_arrays_are_those_that_were_written(tmp_path):
  arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(3),
            "c": np.asfortranarray(np.eye(3)), "d": np.zeros([0, 4]), "e": np.array([True])}
  for write in (np.savez, np.savez_compressed):
    write(tmp_path / "a.npz", **arrays)
    found = npz_files.read_npz(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
      np.testing.assert_array_equal(found[name], array)
      assert found[name].dtype == array.dtype and found[name].flags.writeable


@pytest.mark.parametrize("make, word", [
    (lambda path: path.write_bytes(b"PK no"), "zip"),
    (lambda path: path.write_bytes(b""), "zip"),
    (lambda path: archive(path, a=header((1 << 20, 1 << 21))), "of at most"),
    (lambda path: archive(path, a=header((4,)) + bytes(8)), "8 of 16 bytes"),
    (lambda path: archive(path, a=b"x" * 200), "magic"),
    (lambda path: archive(path, a=b""), "EOF|expected|magic"),
    (lambda path: archive(path, a=header((-4,))), "shape"),
    (lambda path: np.savez(path, a=np.array(["text"])), "not of numbers"),
    (lambda path: np.savez(path, a=np.array([{}], object)), "not of numbers"),
    (lambda path: np.savez(path, a=np.array([1, np.nan])), "no numbers"),
    (lambda path: np.savez(path, a=np.array([1e300])), "too large for float32")])
def test_other_files_are_refused(tmp_path, make, word):
  path = tmp_path / "a.npz"
  make(path)
  with pytest.raises(ValueError, match=f"(?s)The archive '.*a.npz' cannot be read.*({word})"):
    npz_files.read_npz(path, finite=True)


def test_a_member_that_expands_is_refused_by_its_claim(tmp_path):
  path = archive(tmp_path / "a.npz", a=header((1 << 24,), "|u1") + bytes(1 << 24))
  assert path.stat().st_size < 1 << 16
  with pytest.raises(ValueError, match="of at most 1,000"):
    npz_files.read_npz(path, limit=1000)


def test_damage_is_found_and_folders_are_none(tmp_path):
  np.savez_compressed(tmp_path / "a.npz", a=np.random.RandomState(0).rand(1000))
  whole = (tmp_path / "a.npz").read_bytes()
  for contents in (whole[:len(whole) // 2], whole[:500] + bytes([whole[500] ^ 255]) + whole[501:]):
    (tmp_path / "a.npz").write_bytes(contents)
    with pytest.raises(ValueError, match="cannot be read"):
      npz_files.read_npz(tmp_path / "a.npz")
  with pytest.raises(ValueError, match="a folder"):
    npz_files.read_npz(tmp_path)
  with pytest.raises(FileNotFoundError, match="Look"):
    npz_files.read_npz(tmp_path / "gone.npz", fix="Look.")
