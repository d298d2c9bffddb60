"""The benchmark of many images: links, its arithmetic, and a small run of it all."""
import importlib.machinery
import importlib.util
import pathlib
import re
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench_many_images"


@pytest.fixture(scope="module")
def bench():
  loader = importlib.machinery.SourceFileLoader("bench_many_images", str(SCRIPT))
  module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
  loader.exec_module(module)
  return module


def test_images_are_links_to_a_few_that_train(bench, tmp_path):
  bench.write_photos(tmp_path)
  bench.link_folder(tmp_path, tmp_path / "folder", 40)
  images = sorted((tmp_path / "folder" / "images").iterdir())
  assert len(images) == 40 and len({path.stat().st_ino for path in images}) == bench.PHOTOS
  found = bench.measure(bench.FOLDER, tmp_path / "folder", tmp_path / "folder", 2)
  assert found["images"] == 40 and found["start"] > 0 and found["rate"] > 0
  assert found["ids"] == 40 * (sys.getsizeof("im0000000") + 8)


def test_the_cost_of_an_image_is_the_slope_of_the_largest_sizes(bench):
  rows = [{"images": count, "start": 1.0, "rate": 9.0, "memory": 5e6 + 300 * count,
           "ids": 66 * count} for count in (1000, 10000, 100000)]
  lines = bench.table({"folder": rows})
  assert lines[3] == "| folder | 10000 | 1.00 | 8.0 | 0.7 | 9 |"
  assert lines[-1] == ("folder: 300 bytes an image, 66 of them its id: "
                       "234 bytes per image beyond ids")


@pytest.mark.slow
def test_a_small_run_prints_both_sources():
  done = subprocess.run([sys.executable, str(SCRIPT), "--images", "200", "--batches", "2"],
                        capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr
  assert re.findall(r"^\| (\w+) \| (\d+) \|", done.stdout, re.MULTILINE) == [
      (kind, count) for kind in ("folder", "records") for count in ("40", "200")]
