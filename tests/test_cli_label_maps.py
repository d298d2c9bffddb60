"""The commands of label maps: what they make, print and refuse."""
import json

import numpy as np
import pytest

from keras_weakseg import cli
from keras_weakseg.data.sources import box_labels
from keras_weakseg.files import cache


@pytest.fixture
def folder(tmp_path, monkeypatch, voc_xml):
  """Returns a folder of four boxed pictures of a dark ellipse, with masks."""
  monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path / "cache"))
  from PIL import Image
  rows, columns = np.mgrid[:24, :32]
  mask = ((rows - 11.5) / 8) ** 2 + ((columns - 15.5) / 8) ** 2 <= 1
  for name in ("images", "masks", "boxes"):
    (tmp_path / "data" / name).mkdir(parents=True)
  for index in range(4):
    image = np.where(mask, 50, 200)[..., None] + np.random.RandomState(index).randint(
        0, 9, (24, 32, 3))
    Image.fromarray(image.astype(np.uint8)).save(tmp_path / "data" / "images" / f"p{index}.png")
    Image.fromarray(mask.astype(np.uint8)).save(tmp_path / "data" / "masks" / f"p{index}.png")
    (tmp_path / "data" / "boxes" / f"p{index}.xml").write_text(
        voc_xml((24, 32), ("cat", 9, 5, 24, 20)))
  (tmp_path / "data" / "classes.txt").write_text("background\ncat\n")
  return str(tmp_path / "data")


def test_make_prints_the_folder(folder, tmp_path, capsys):
  assert cli.main(["make-label-maps", folder, "--kind", "rect", "--held-out", "0"]) == 0
  path = capsys.readouterr().out.strip()
  assert path.startswith(str(tmp_path / "cache"))
  assert box_labels.KIND.absent(path, ("p0", "p1", "p2", "p3")) == ()


def figure(text, name):
  return float(next(line.split()[-1] for line in text.splitlines() if name in line))


@pytest.mark.slow
def test_measuring_compares_with_the_masks(folder, capsys, tmp_path):
  found = {}
  for kind in ("rect", "seg"):
    assert cli.main(["make-label-maps", folder, "--kind", kind, "--held_out", "0",
                     "--cache_dir", str(tmp_path / "mine"), "--workers", "1"]) == 0
    maps = capsys.readouterr().out.strip()
    assert maps.startswith(str(tmp_path / "mine"))
    assert cli.main(["measure-label-maps", folder, maps, "--held_out", "0"]) == 0
    text = capsys.readouterr().out
    assert "samples: 4" in text
    found[kind] = figure(text, "mean_iou"), figure(text, "cat")
  assert 0.7 < found["rect"][1] < 0.85 < found["seg"][1]
  assert found["seg"][0] > found["rect"][0]


def test_options_reach_the_settings(folder, capsys):
  cli.main(["make-label-maps", folder, "--alpha", "0.4", "--mode", "hard", "--crf",
            "bilateral_weight=5,iterations=2"])
  record = box_labels.KIND.read_record(capsys.readouterr().out.strip())
  assert (record["alpha"], record["mode"], record["kind"]) == (0.4, "hard", "seg")
  assert (record["crf"]["bilateral_weight"], record["crf"]["iterations"]) == (5, 2)


def test_tuning_prints_the_best_first_and_keeps_a_table(folder, tmp_path, capsys):
  table = tmp_path / "table.json"
  code = cli.main(["tune-label-maps", folder, "--table", str(table), "--alphas", "0.2,0.6",
                   "--crfs", "bbox_seg", "--crfs", "deeplab_msc", "--count", "2"])
  lines = capsys.readouterr().out.strip().splitlines()
  scores = [float(line.split()[1]) for line in lines]
  assert code == 0 and len(lines) == 4 and scores == sorted(scores, reverse=True)
  assert len(json.loads(table.read_text())["rows"]) == 4


@pytest.mark.parametrize("arguments, text", [
    (["make-label-maps", "FOLDER", "--kind", "segs"], "Did you mean 'seg'"),
    (["make-label-maps", "FOLDER", "--boxes", "elsewhere"], "elsewhere"),
    (["tune-label-maps", "FOLDER", "--table", "t.json", "--alphas", "a,b"], "between commas")])
def test_errors_are_those_of_the_house(folder, capsys, arguments, text):
  code = cli.main([folder if item == "FOLDER" else item for item in arguments])
  error = capsys.readouterr().err
  assert code == 2 and text in error and "Expected: " in error
