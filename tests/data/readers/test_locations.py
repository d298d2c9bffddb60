"""Data locations: the order in which they are tried, and the error that lists them."""
import pytest

from keras_weakseg.data.readers import locations


@pytest.fixture
def home(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  monkeypatch.delenv(locations.ENVIRONMENT, raising=False)
  return tmp_path


def test_data_dir_beats_environment_beats_default(home, monkeypatch):
  for root in ("given", "environment", "data"):
    (home / root / "set").mkdir(parents=True)
  assert locations.find("set").resolve() == home / "data" / "set"
  monkeypatch.setenv(locations.ENVIRONMENT, str(home / "environment"))
  assert locations.find("set") == home / "environment" / "set"
  assert locations.find("set", "given").resolve() == home / "given" / "set"


def test_data_dir_may_be_the_set_itself(home):
  (home / "set").mkdir()
  assert locations.find("set", home / "set") == home / "set"


def test_absolute_path_is_the_only_place(home, monkeypatch):
  monkeypatch.setenv(locations.ENVIRONMENT, "elsewhere")
  assert locations.places(home / "x", "given") == [home / "x"]


def test_error_lists_every_place(home, monkeypatch):
  monkeypatch.setenv(locations.ENVIRONMENT, str(home / "environment"))
  with pytest.raises(FileNotFoundError) as caught:
    locations.find("nothing")
  text = str(caught.value)
  for place in (home / "environment" / "nothing", home / "data" / "nothing", "--data_dir"):
    assert str(place) in text
  with pytest.raises(FileNotFoundError) as caught:
    locations.find("nothing", "given")
  assert "environment" not in str(caught.value).split("Received")[0]


def test_a_file_is_called_one(home):
  (home / "a.jpg").touch()
  with pytest.raises(FileNotFoundError, match="is a file"):
    locations.find("a.jpg")
  with pytest.raises(FileNotFoundError, match="is a file"):
    locations.find(home / "a.jpg")


def test_the_error_says_what_helps(home):
  with pytest.raises(FileNotFoundError, match="Correct the path") as caught:
    locations.find(home / "nothing")
  assert "--data_dir" not in str(caught.value)
  with pytest.raises(FileNotFoundError, match="--data_dir(.|\n)*Get a.zip.$"):
    locations.find("nothing", advice="Get a.zip.")
