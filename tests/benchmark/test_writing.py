"""Four files say the same."""
import csv
import json

from keras_weakseg.benchmark import running


def test_files_hold_the_numbers_of_the_report(suite, pretend, tmp_path):
  report = running.benchmark(suite(), tmp_path, progress=False)
  with open(report.paths["csv"], encoding="utf-8") as file:
    rows = [row for row in csv.DictReader(file) if row["figure"] == "mean_iou"]
  assert [(row["row"], row["seed"]) for row in rows] == [
      (key, seed) for key in ("depth", "alone", "after", "after_flip") for seed in "12"]
  assert float(rows[2]["value"]) == 50.0 and rows[2]["published"] == "50.5"
  assert rows[2]["protocol_hash"] == "abc" and rows[2]["samples"] == "100"
  with open(report.paths["json"], encoding="utf-8") as file:
    summary = json.load(file)
  assert summary["rows"][1]["values"]["mean_iou"] == [50.0, 51.0]
  assert summary["rows"][1]["runs"]["1"]["protocol_hash"] == "abc"
  assert summary["orderings"][0]["holds"] == "in every seed" and summary["ok"]
  with open(report.paths["markdown"], encoding="utf-8") as file:
    assert file.read() == report.text()


def test_what_is_missing_is_missing_in_files_too(suite, pretend, tmp_path):
  report = running.benchmark(suite(), tmp_path, rows=["alone"], seeds=[1], progress=False)
  with open(report.paths["json"], encoding="utf-8") as file:
    summary = json.load(file)
  assert summary["rows"][2]["runs"] == {"1": None} and summary["todo"]
  assert summary["rows"][2]["values"]["mean_iou"] == [None]
