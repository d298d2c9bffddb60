"""The report as text."""
from keras_weakseg.data.checks import findings
from keras_weakseg.data.checks import report


def make(*problems):
  return report.Report(
      "photos", ("background", "cat"), {"train": {"samples": 4, "mask": 1, "boxes": 0, "tags": 3}},
      {"train": [60, 30, 10]}, {"train": [3, 2]}, ((4, 5), (6, 7)), list(problems), False)


def test_table_holds_shares_and_counts():
  lines = make().text().splitlines()
  assert lines[0] == "photos: 2 classes"
  assert "4 samples" in lines[1] and "mask 1, boxes 0, tags 3" in lines[1]
  assert "4x5 to 6x7" in lines[2]
  assert [line.split() for line in lines[5:8]] == [
      ["background", "60.00", "%", "3"], ["cat", "30.00", "%", "2"],
      ["(unknown)", "10.00", "%", "-"]]
  assert lines[-1] == "The data can be trained on."


def test_only_errors_stop_training():
  warning = findings.Problem("warning", "something", "Look.")
  worse = findings.Problem("error", "masks are gone", "Bring them back.")
  assert make(warning).ok and make(warning).error() is None
  assert not make(warning, worse).ok
  text = str(make(warning, worse).error())
  assert "Received: masks are gone." in text and "Bring them back." in text
  assert "ERROR: masks are gone.\n  Bring them back." in make(worse).text()
