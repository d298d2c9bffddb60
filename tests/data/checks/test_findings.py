"""Findings: grouped, counted, errors first, a few examples."""
from keras_weakseg.data.checks import findings


def test_problems_are_grouped_and_ordered():
  found = findings.Findings()
  for number in range(7):
    found.add("converted", f"a{number}", "grey")
  found.add("other size", "b", "1x2, image 3x4")
  error, note = found.problems(examples=2)
  assert error == findings.Problem("error", "1 masks have another size than their image: "
                                   "b (1x2, image 3x4)", findings.KINDS["other size"][2])
  assert note.what == "7 images are not RGB and are converted: a0 (grey), a1 (grey), ..."
  assert "other size" in found and "deep image" not in found


def test_every_kind_has_a_severity_words_and_a_fix():
  for severity, what, fix in findings.KINDS.values():
    assert severity in ("error", "warning", "note") and what and fix.endswith(".")
