"""What the rows of a suite read."""
from keras_weakseg.benchmark import needs
from keras_weakseg.benchmark import reading


def test_data_and_weights_of_the_papers_are_named():
  rows = reading.read_suite("em/paper_voc12").rows
  assert needs.needs(rows) == (["weakseg_coco/2014", "weakseg_voc2012"], ["imagenet"])
  data, weights = needs.needs(reading.read_suite("three_ways/paper_cityscapes").rows)
  assert any("cityscapes_video" in each for each in data) and "imagenet" in weights


def test_weights_of_other_rows_are_no_part(suite):
  rows = suite().rows
  assert [row.kind for row in rows].count("train") == 3
  data, weights = needs.needs(rows)
  assert all("{" not in each for each in weights) and all("scenes" in each for each in data)
