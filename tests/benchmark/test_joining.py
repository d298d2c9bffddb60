"""Suites that include suites: every row once, every ordering of its own figure, shards, circles."""
import pytest

from keras_weakseg.benchmark import checking
from keras_weakseg.benchmark import planning
from keras_weakseg.benchmark import reading
from keras_weakseg.benchmark import running

TAGS = """
seeds: [1, 2]
figures: [mean_iou, masks_seen]
rows:
  alone: {title: masks alone, experiment: unet_scenes, shown: false}
  tags: {experiment: em_fixed_scenes}
orderings: [{better: alone, worse: tags}]
"""
DEPTH = """
seeds: [1, 2]
figures: [masks_seen, epochs]
rows:
  alone: {title: without depth, experiment: unet_scenes}
  flipped: {of: alone, protocol: {flip: true}}
orderings: [{better: flipped, worse: alone}]
"""


@pytest.fixture
def join(tmp_path):
  """Returns a function that reads a suite which includes two, whose texts may be changed."""

  def make(own="", tags=TAGS, depth=DEPTH):
    for name, content in {"tags": tags, "depth": depth,
                          "all": f"includes: [tags.yaml, depth.yaml]\n{own}"}.items():
      (tmp_path / f"{name}.yaml").write_text(content)
    return reading.read_suite(tmp_path / "all.yaml")

  return make


def test_rows_are_there_once_and_orderings_keep_their_figure(join):
  suite = join()
  assert [row.key for row in suite.rows] == ["alone", "tags", "flipped"]
  assert suite.row("alone").title == "masks alone" and suite.row("alone").shown
  assert [figure.name for figure in suite.figures] == ["mean_iou", "masks_seen", "epochs"]
  assert [(entry.better, entry.figure) for entry in suite.orderings] == [
      ("alone", "mean_iou"), ("flipped", "masks_seen")]
  assert suite.seeds == (1, 2) and suite.name == "all"


def test_own_rows_come_last_and_may_stand_on_included_ones(join):
  suite = join("rows: {late: {of: tags}}\nfigures: [pixel_accuracy]\nseeds: [5]\n"
               "orderings: [{better: late, worse: flipped}]")
  assert suite.rows[-1].key == "late" and suite.figures[-1].name == "pixel_accuracy"
  assert suite.orderings[-1].figure == "pixel_accuracy" and suite.seeds == (5,)


@pytest.mark.parametrize("changed, expected", [
    ({"depth": DEPTH.replace("unet_scenes", "em_fixed_scenes")},
     "different rows called 'alone'.*what 'tags' says.*another one in 'depth'"),
    ({"depth": DEPTH.replace("[masks_seen, epochs]", "{masks_seen: {decimals: 3}}")},
     "different figures called 'masks_seen'"),
    ({"depth": DEPTH.replace("[1, 2]", "[1]")}, "different seeds.*State `seeds`"),
    ({"own": "rows: {alone: {experiment: depth_scenes}}"}, "different rows called 'alone'"),
    ({"own": "orderings: [{better: alon, worse: 1}]\nfigures: [mean_iou]"}, "mean 'alone'"),
    ({"tags": "includes: [all.yaml]"}, "includes itself.*all -> tags -> all"),
    ({"tags": "includes: [5]"}, "an entry of `includes`.*text"),
    ({"tags": "includes: all.yaml"}, "`includes` of .*a list"),
    ({"tags": "includes: [em/scens]"}, "Did you mean 'em/scenes'"),
])
def test_what_does_not_fit_together_is_refused(join, changed, expected):
  with pytest.raises(ValueError, match=f"(?s){expected}") as error:
    join(**changed)
  assert "Expected: " in str(error.value) and "Received: " in str(error.value)


def test_finished_rows_of_an_included_suite_are_not_repeated(join, pretend, tmp_path):
  """And shards that are brought together make the table of one machine."""
  suite = join()
  running.benchmark(tmp_path / "tags.yaml", tmp_path / "runs", progress=False)
  before = len(pretend.calls)
  assert before == 4
  report = running.benchmark(suite, tmp_path / "runs", progress=False)
  assert not report.todo
  assert [call[0] for call in pretend.calls[before:]] == ["evaluate", "evaluate"]
  for shard in ("1/2", "2/2"):
    running.benchmark(suite, tmp_path / "parts", shard=shard, progress=False)
  merged = running.benchmark(suite, tmp_path / "parts", progress=False)
  assert merged.text() == report.text() and len(pretend.calls) == before + 2 + 6


@pytest.mark.parametrize("name, included", [
    ("camvid_cpu", ("gains_camvid", "mixing_camvid", "selection_camvid")),
    ("voc_animals_cpu", ("em/voc_animals", "voc_animals_boxes", "joint_voc_animals",
                         "dual_voc_animals", "transfer_voc_animals")),
    ("depth_kitti_cpu", ("depth_kitti",)), ("nyuv2_cpu", ("nyuv2",))])
def test_suites_by_data_have_all_rows_of_those_by_system(name, included):
  suite = reading.read_suite(name)
  parts = [reading.read_suite(part) for part in included]
  assert {row.key for row in suite.rows} == {row.key for part in parts for row in part.rows}
  assert len(suite.orderings) == sum(len(part.orderings) for part in parts)
  everything = [unit.name for unit in planning.Plan(suite).units]
  shards = [unit.name for number in range(1, 5)
            for unit in planning.Plan(suite, shard=f"{number}/4").units]
  assert sorted(shards) == sorted(everything) and checking.checked(suite) is suite
