"""The command of disparity maps: what it passes on, prints and refuses."""
import numpy as np
import pytest

from keras_weakseg import api_depth
from keras_weakseg import cli
from keras_weakseg import data
from keras_weakseg.data.sources import disparity_maps


@pytest.fixture
def folder(tmp_path, monkeypatch):
  """Returns a folder of three pictures; commands run beside it."""
  from PIL import Image
  (tmp_path / "street" / "images").mkdir(parents=True)
  for index in range(3):
    image = np.random.RandomState(index).randint(0, 256, (8, 12, 3)).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / "street" / "images" / f"p{index}.png")
  (tmp_path / "street" / "classes.txt").write_text("background\ncat\n")
  monkeypatch.chdir(tmp_path)
  return "street"


@pytest.fixture
def calls(monkeypatch):
  """Puts a model that takes red for disparity in the place of a trained one; returns the calls."""
  made = []

  def make(*, target, data, output, split="train", **options):
    made.append((target, data, output, split, options))
    return disparity_maps.write_disparity_maps(
        data, lambda images: np.float32(images[..., 0]) / 255, output, split,
        model_hash=target, progress=False, **options)

  monkeypatch.setattr(api_depth, "make_disparity_maps", make)
  return made


def test_maps_of_a_folder_are_made_and_can_be_read(folder, calls, tmp_path, capsys):
  assert cli.main(["make-disparity-maps", "runs/depth", folder, "out"]) == 0
  assert capsys.readouterr().out.strip() == "out"
  (target, source, output, split, options), = calls
  assert (target, output, split) == ("runs/depth", "out", "train") and source.name == "street"
  assert not options
  samples = data.WithDisparity(data.Folder(folder), tmp_path / "out").samples(
      "train", wanted=("image", "disparity"))
  for sample in samples.as_numpy_iterator():
    np.testing.assert_allclose(sample["disparity"], sample["image"][..., 0] / 255, atol=1e-5)


@pytest.mark.quick("False")
@pytest.mark.parametrize("plain", [False, True])
def test_images_alone_will_do(folder, calls, tmp_path, plain, capsys):
  """Their classes need not be known, nor need they lie in a folder `images`."""
  root = tmp_path / folder
  (root / "classes.txt").unlink()
  if plain:
    root = (root / "images").rename(tmp_path / "drive")
  for _ in range(2):
    assert cli.main(["make-disparity-maps", "run", root.name, "out"]) == 0
  assert sorted(path.name for path in (tmp_path / "out").glob("p*")) == ["p0.png", "p1.png",
                                                                         "p2.png"]
  inside = f"{root.name}/maps"  # There they would be images themselves.
  assert cli.main(["make-disparity-maps", "run", root.name, inside]) == (2 if plain else 0)
  assert ("images of their own folder" in capsys.readouterr().err) == plain


def test_options_reach_the_call_wherever_they_stand(folder, calls):
  code = cli.main(["make-disparity-maps", "--bits", "8", "runs/depth", "--split",
                   "train+validation", folder, "--normalise", "image", "out", "--classes",
                   "background,dog"])
  assert code == 0
  _, source, output, split, options = calls[0]
  assert (output, split, source.classes) == ("out", "train+validation", ("background", "dog"))
  assert options == {"normalise": "image", "bits": 8}


def test_the_data_of_an_experiment_is_found_by_name(folder, calls, monkeypatch):
  """An experiment gives its first source, with overrides; a folder of the same name comes first."""
  from keras_weakseg.recipes import sources
  seen, source = [], data.Folder(folder)
  monkeypatch.setattr(sources, "make_sources", lambda config: seen.append(config) or {"a": source})
  command = ["make-disparity-maps", "run", "em_adapt_scenes", "out"]
  assert cli.main([*command, "--params-override", "data.cache_dir=mine", "--data_dir", "it"]) == 0
  assert calls[-1][1] is source and (seen[-1].cache_dir, seen[-1].data_dir) == ("mine", "it")
  source.root.rename("em_adapt_scenes")
  assert cli.main([*command[:3], "two"]) == 0
  assert calls[-1][1].root.name == "em_adapt_scenes" and len(seen) == 1


def test_a_second_model_needs_a_second_folder(folder, calls, capsys):
  cli.main(["make-disparity-maps", "runs/one", folder, "out"])
  assert cli.main(["make-disparity-maps", "runs/two", folder, "out"]) == 2
  error = capsys.readouterr().err
  assert "holds other disparity maps" in error and "model 'runs/two'" in error
  assert cli.main(["make-disparity-maps", "runs/two", folder, "two"]) == 0


@pytest.mark.parametrize("arguments, text", [
    (["run", "streat", "out"], "neither a folder nor an experiment 'streat'"),
    (["run", "street", "out", "--bits", "12"], "8 or 16 bits"),
    (["run", "street", "out", "--normalise", "imige"], "Did you mean 'image'"),
    (["run", "street", "out", "--split", "trian"], "Did you mean 'train'"),
    (["run", "street", "street/images"], "may be anything")])
def test_errors_are_those_of_the_house(folder, calls, capsys, arguments, text):
  assert folder == "street"
  code = cli.main(["make-disparity-maps", *arguments])
  error = capsys.readouterr().err
  assert code == 2 and text in error and "Expected: " in error


@pytest.mark.parametrize("arguments", [["run"], ["run", "street"]])
def test_all_three_places_are_needed(folder, capsys, arguments):
  with pytest.raises(SystemExit) as info:
    cli.main(["make-disparity-maps", *arguments])
  assert info.value.code == 2 and "OUTPUT" in capsys.readouterr().err
