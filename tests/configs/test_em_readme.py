"""The README of the system and the experiments say the same."""
import pathlib
import re

import pytest

from keras_weakseg.configs import em_boxes
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "official_configs" / "em" / "README.md"
TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [
    *em_paper.TABLE_1, *em_paper.TABLE_2, *em_boxes.TABLE_3, *em_boxes.TABLE_4])
def test_a_row_of_the_table_has_the_number_of_its_experiment(name):
  row = next(line for line in TEXT.splitlines() if f"[{name}]({name}.yaml)" in line)
  paper = re.search(r"paper: ([\d.]+)", registry.descriptions()[name]).group(1)
  assert row.split("|")[4].strip() == paper
  masks = registry.build(name).data.parts[0]
  if masks.count:
    assert row.split("|")[2].strip() == f"{masks.count:,}"


def test_every_name_in_the_readme_exists():
  known = set(registry.experiments())
  named = set(re.findall(
      r"\b(?:em|supervised|bbox)_\w+_(?:scenes|voc12\w*|voc_animals(?:_boxes)?)\b", TEXT))
  assert len(named) >= 21 and named <= known


def test_links_lead_somewhere():
  links = re.findall(r"\]\(([^)#]+)\)", TEXT)
  assert links and all((README.parent / link).exists() for link in links)


def test_modules_of_the_deviations_exist():
  table = TEXT.split("## Where this leaves the paper")[1]
  modules = re.findall(r"`(\w+/\w+\.py)` \|", table)
  assert len(modules) >= 8
  assert all((ROOT / "keras_weakseg" / module).exists() for module in modules)


def test_overrides_in_the_readme_work():
  given = re.search(r'--params_override "(.*?)"', TEXT).group(1)
  for name in em_paper.TABLE_1:
    assert overrides.validate(overrides.resolve(name, overrides=given)).training.steps == 3


def test_results_have_a_place():
  assert TEXT.count("<!-- results:begin -->") == TEXT.count("<!-- results:end -->") == 1
