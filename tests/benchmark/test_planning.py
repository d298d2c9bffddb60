"""Units in order, seeds of rows that others start from, and shards that miss and repeat nothing."""
import pytest

from keras_weakseg.benchmark import planning
from keras_weakseg.benchmark import reading


def names(plan):
  return [unit.name for unit in plan.units]


def test_units_come_after_what_they_start_from(suite):
  late = suite("""
seeds: [1, 2]
rows: {b: {experiment: x, start: {k: '{row:a}'}}, a: {experiment: x}}""")
  assert names(planning.Plan(late)) == ["a seed 1", "b seed 1", "a seed 2", "b seed 2"]


def test_a_row_of_one_seed_serves_all(suite):
  one = suite("rows: {a: {experiment: x, seeds: [5]}, b: {of: a}, c: {of: a}}\nseeds: [1, 2]")
  plan = planning.Plan(one)
  assert [unit.name for unit in plan.upstream(planning.Unit(one.row("b"), 2))] == ["a seed 5"]
  assert names(plan)[0] == "a seed 5" and len(plan.units) == 5
  # All of them hang together: one shard has the work, the other none.
  assert sorted(len(planning.Plan(one, shard=(n, 2)).units) for n in (1, 2)) == [0, 5]


def test_rows_are_a_list(suite):
  # A text would be taken for a list of its letters.
  with pytest.raises(ValueError, match="(?s)rows are no list.*'a'"):
    planning.Plan(suite("rows: {a: {experiment: x}}"), rows="a")


def test_a_seed_that_is_not_there_is_refused(suite):
  several = suite("rows: {a: {experiment: x, seeds: [5, 6]}, b: {of: a}}\nseeds: [1]")
  with pytest.raises(ValueError, match="(?s)'a' has no run of the seed 1"):
    planning.Plan(several)


@pytest.mark.parametrize("name", ["gains_scenes", "gains_camvid", "voc_animals_boxes"])
def test_shards_are_a_partition_and_stand_alone(name):
  suite = reading.read_suite(name)
  everything = names(planning.Plan(suite))
  shards = [planning.Plan(suite, shard=f"{number}/4") for number in (1, 2, 3, 4)]
  assert sorted(name for shard in shards for name in names(shard)) == sorted(everything)
  for shard in shards:
    for unit in shard.units:
      assert {other.name for other in shard.upstream(unit)} <= set(names(shard))


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1", "a/b", (1, 2, 3), 7])
def test_there_is_no_such_shard(suite, shard):
  with pytest.raises(ValueError, match="no such shard"):
    planning.Plan(suite(), shard=shard)


def test_seeds_draw_masks_that_are_counted(suite):
  text = "rows: {a: {experiment: joint_depth_scenes, overrides: {training.steps: 7}}}"
  unit = planning.Unit(suite(text).rows[0], 3)
  seeded, own, _ = planning.configuration(unit)
  assert seeded == {"seed": 3, "data.parts.0.subset_seed": 3} and own == {"training.steps": 7}
  plain = suite(text.replace("overrides", "draws: false, overrides")).rows[0]
  assert planning.configuration(planning.Unit(plain, 3))[0] == {"seed": 3}


def test_steps_are_shared_up_to_the_first_that_differs(suite):
  rows = suite("""
rows:
  a: {experiment: depth_transfer_scenes}
  b: {experiment: joint_depth_scenes, from_run: "{row:a}"}
  c: {experiment: joint_depth_scenes, overrides: {steps.0.training.steps: 7}}
  d: {experiment: transfer_f_372_cityscapes}
  e: {experiment: transfer_f_372_cityscapes, overrides: {steps.1.training.steps: 7}}""")
  a, b, c, d, e = rows.rows
  assert planning.shared_steps(b, a) == ["depth"] and planning.shared_steps(c, a) == []
  assert planning.shared_steps(d, e) == ["whole"]
  assert planning.shared_steps(d, d) == ["whole", "cropped", "finetune"]
  assert [unit.name for unit in planning.Plan(rows, seeds=[1], rows=["b"]).units] == [
      "a seed 1", "b seed 1"]


def test_what_is_said_of_a_row_is_all_that_decides_it(suite):
  def said(text):
    return planning.said_of(suite("rows: {a: %s, z: {experiment: x}}" % text).rows[0])

  plain = said("{experiment: unet_scenes}")
  assert plain == said("{experiment: unet_scenes, title: other, published: {mean_iou: 3}}")
  for other in ("{experiment: unet_scenes, overrides: {training.steps: 7}}",
                "{experiment: unet_scenes, draws: false}",
                "{experiment: unet_scenes, also: [poses]}",
                "{of: z}", "{of: z, protocol: {flip: true}}", "{of: z, split: val}"):
    assert said(other) != plain
