"""The table for people, of known numbers."""
from keras_weakseg.benchmark import markdown
from keras_weakseg.benchmark import running


def test_the_table_has_mean_spread_seeds_and_published_numbers(suite, pretend, tmp_path):
  text = running.benchmark(suite(), tmp_path, progress=False).text()
  assert ("| row | key | mIoU, percent | seed 1 | seed 2 | masks seen | mIoU, percent (published) "
          "| on |") in text
  assert "| from scratch | `alone` | **50.5 ± 0.7** | 50.0 | 51.0 |" in text
  assert "| 50.5 | 100 images of `test`, protocol `abc` |" in text
  assert "| after_flip | `after_flip` | **73.0 ± 0.7** | 72.5 | 73.5 | - | - |" in text
  assert "`depth`" not in text.split("\n\n")[1]  # It is not shown.
  assert "| `after` > `alone` + 1 | 10.0 ± 0.0 | +10.0, +10.0 | in every seed |" in text
  assert "Made with " in text and "tensorflow" in text and "Not measured" not in text


def test_the_caption_says_what_all_rows_share(suite, pretend, tmp_path):
  alone = suite("rows: {alone: {experiment: unet_scenes}}\nseeds: [4]")
  report = running.benchmark(alone, tmp_path, progress=False)
  assert markdown.caption(report) == (
      "`keras-weakseg benchmark pretended`, seeds 4; 100 images of `test`, protocol `abc`.")
  assert " on |" not in markdown.rows(report)[0] and len(markdown.rows(report)) == 3


def test_what_is_not_measured_is_listed(suite, pretend, tmp_path):
  text = running.benchmark(suite(), tmp_path, rows=["alone"], progress=False).text()
  assert "Not measured (seeds): `depth` (1, 2), `after` (1, 2), `after_flip` (1, 2)." in text
  assert "| after depth |" not in text and "| not measured |" in text
