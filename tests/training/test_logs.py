"""Tests of the files that a run writes about itself."""
import csv

from keras_weakseg.training import logs


def test_rows_stand_in_both_files(tmp_path):
  log = logs.RunLog(tmp_path)
  log.write(2, {"loss": 1.5})
  log.write(4, {"loss": 1.0, "validation_mean_iou": 0.5})
  assert logs.read_log(tmp_path) == [
      {"step": 2, "loss": 1.5}, {"step": 4, "loss": 1.0, "validation_mean_iou": 0.5}]
  with open(tmp_path / "log.csv", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
  assert rows[1] == {"step": "4", "loss": "1.0", "validation_mean_iou": "0.5"}
  assert rows[0]["validation_mean_iou"] == ""


def test_steps_done_again_stand_once(tmp_path):
  log = logs.RunLog(tmp_path)
  for step in (2, 4, 6):
    log.write(step, {"loss": float(step)})
  resumed = logs.RunLog(tmp_path, start=4)
  resumed.write(6, {"loss": 60.0})
  assert [(row["step"], row["loss"]) for row in logs.read_log(tmp_path)] == [
      (2, 2.0), (4, 4.0), (6, 60.0)]


def test_half_written_line_is_left_out(tmp_path):
  log = logs.RunLog(tmp_path)
  log.write(2, {"loss": 1.0})
  with open(tmp_path / "log.jsonl", "a", encoding="utf-8") as file:
    file.write('{"step": 4, "lo')
  assert [row["step"] for row in logs.read_log(tmp_path)] == [2]
  logs.RunLog(tmp_path, start=4).write(4, {"loss": 2.0})
  assert [row["step"] for row in logs.read_log(tmp_path)] == [2, 4]


def test_tensorboard_file_is_written(tmp_path):
  logs.RunLog(tmp_path).write(1, {"loss": 1.0})
  assert list((tmp_path / "tensorboard").iterdir())
