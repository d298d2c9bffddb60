"""The pages: the README is short, every link leads somewhere, and files are found from them."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
SYSTEMS = ("depth_parts", "dual", "em", "tags", "three_ways", "transfer")
OF_A_SYSTEM = ("README.md", "RESULTS.md", "NOTES.md", "DEVIATIONS.md")


def pages(root):
  """Returns the paths of all pages of a checkout."""
  folders = ("docs", "official_configs", "saved_models", "examples", "keras_weakseg")
  return [root / "README.md", *(path for folder in folders
                                for path in sorted((root / folder).rglob("*.md")))]


def without_code(text):
  """Returns a page without its blocks of code and what stands in backticks."""
  return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(text):
  """Returns the places of the headings that links can name, as GitHub makes them."""
  text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
  found = []
  for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
    name = re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
    again = sum(other == name for other in found)
    found += [name, f"{name}-{again}"] if again else [name]
  return set(found)


def dead_links(page):
  """Returns the relative links of a page that lead to no file, or to no heading of it."""
  dead = []
  for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
    if "://" in link:
      continue
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists() or anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
      dead.append(link)
  return dead


def linked(page):
  """Returns the paths that a page links, without their headings."""
  links = re.findall(r"\]\(([^)\s#]+)", without_code(page.read_text(encoding="utf-8")))
  return {(page.parent / link).resolve() for link in links if "://" not in link}


def test_the_readme_is_short():
  assert len(README.read_text(encoding="utf-8").split()) < 1200


def test_links_lead_somewhere():
  found = pages(ROOT)
  assert len(found) > 30
  assert not {str(page.relative_to(ROOT)): dead for page in found if (dead := dead_links(page))}


@pytest.mark.parametrize("text, dead", [
    ("[a](b.md) [a](b.md#two-words) [a](#here-1)\n# Here\n# Here\n`[x](y)`", []),
    ("[a](c.md)", ["c.md"]), ("[a](b.md#one)", ["b.md#one"]), ("[a](#not)", ["#not"]),
    ("```\n# In code\n```\n[a](#in-code)", ["#in-code"])])
def test_dead_links_are_found(tmp_path, text, dead):
  (tmp_path / "b.md").write_text("# Two `words`\n")
  (tmp_path / "a.md").write_text(text)
  assert dead_links(tmp_path / "a.md") == dead


def test_the_readme_leads_to_every_page():
  known = linked(README)
  assert known >= {path for path in (ROOT / "docs").glob("*.md")}
  for system in SYSTEMS:
    folder = ROOT / "official_configs" / system
    assert known >= {folder / name for name in OF_A_SYSTEM}, system
    assert linked(folder / "README.md") >= {folder / name for name in OF_A_SYSTEM[1:]}, system
  assert known >= set((ROOT / "examples").glob("*.py"))


def test_systems_are_all_that_have_a_folder():
  folders = {path.parent.name for path in (ROOT / "official_configs").glob("*/README.md")}
  assert folders == set(SYSTEMS)
  assert {path.name for path in (ROOT / "official_configs").iterdir() if path.is_dir()} == {
      *SYSTEMS, "suites"}


def test_every_experiment_is_named_on_a_page_of_its_system():
  for system in SYSTEMS:
    folder = ROOT / "official_configs" / system
    words = set(re.findall(r"\w+", "".join(
        page.read_text(encoding="utf-8") for page in folder.glob("*.md"))))
    assert not {path.stem for path in folder.glob("*.yaml")} - words, system


def test_results_have_a_place():
  for system in SYSTEMS:
    text = (ROOT / "official_configs" / system / "RESULTS.md").read_text(encoding="utf-8")
    part = text.split("\n## Measured here\n")[1]
    assert part.count("<!-- results:begin -->") == part.count("<!-- results:end -->") == 1, system


def test_six_questions_are_answered():
  """Each row of the table names functions of the files that it links, the first of the first."""
  page = ROOT / "docs" / "where_is_what.md"
  table = page.read_text(encoding="utf-8").split("## Six questions\n")[1].split("\n## ")[0]
  rows = [line.split("|") for line in table.splitlines() if "](../" in line]
  assert len(rows) == 6
  for _, question, *cells, _ in rows:
    texts = [(page.parent / link).read_text(encoding="utf-8")
             for link in re.findall(r"\]\((.*?)\)", "|".join(cells))]
    named = re.findall(r"`(?:[A-Z]\w+\.)?(\w+)`", cells[1])
    assert f"def {named[0]}(" in texts[0], question
    missing = [name for name in named if name != "serving_default"
               and not any(f"def {name}(" in text for text in texts)]
    assert not missing, question


def test_numbers_of_the_readme_are_those_of_the_results():
  """Every mean with its spread in the decision table stands in a table of results."""
  table = README.read_text(encoding="utf-8").split("## Which method for which labels\n")[1]
  numbers = set(re.findall(r"\d+\.\d+ ± \d+\.\d+", table.split("\n## ")[0]))
  results = "".join(path.read_text(encoding="utf-8")
                    for path in (ROOT / "official_configs").glob("*/RESULTS.md"))
  assert len(numbers) >= 10 and not [number for number in numbers if number not in results]
