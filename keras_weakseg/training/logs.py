"""What a run writes about itself: CSV, JSON lines, TensorBoard."""
import csv
import io
import json
import os

import tensorflow as tf

from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import text as texts
from keras_weakseg.files import writing

_LIMIT = 1 << 30  # bytes
_ROW = schema.record({"step": schema.whole})


class RunLog:
  """Appends figures of a step to `log.csv`, `log.jsonl` and TensorBoard.

  After a resume, rows of steps that will be done again are dropped first, so that every step
  stands in the log once.

  Args:
    directory: of the phase.
    start: the step training starts or continues at.
  """

  def __init__(self, directory, start=0):
    os.makedirs(directory, exist_ok=True)
    self._json_path = os.path.join(directory, "log.jsonl")
    self._csv_path = os.path.join(directory, "log.csv")
    self._rows = [row for row in read_log(directory) if row["step"] <= start]
    self._rewrite()
    self._writer = tf.summary.create_file_writer(os.path.join(directory, "tensorboard"))

  def write(self, step, figures):
    """Appends one row.

    Args:
      step: updates done.
      figures: dict of name to float.
    """
    row = {"step": step, **{name: float(value) for name, value in figures.items()}}
    new_columns = not self._rows or set(row) - set(self._columns())
    self._rows.append(row)
    if new_columns:
      self._rewrite()
    else:
      with open(self._json_path, "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
      with open(self._csv_path, "a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, self._columns()).writerow(row)
    with self._writer.as_default():
      for name, value in figures.items():
        tf.summary.scalar(name, value, step=step)
    self._writer.flush()

  def pictures(self, step, name, images):
    """Writes pictures to TensorBoard; `images` uint8 [N,H,W,3]."""
    with self._writer.as_default():
      tf.summary.image(name, images, step=step, max_outputs=len(images))
    self._writer.flush()

  def _columns(self):
    return list(dict.fromkeys(name for row in self._rows for name in row))

  def _rewrite(self):
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, self._columns() or ["step"])
    writer.writeheader()
    writer.writerows(self._rows)
    writing.write_whole(self._csv_path, table.getvalue())
    writing.write_whole(self._json_path, "".join(json.dumps(row) + "\n" for row in self._rows))


def read_log(directory):
  """Returns the rows of `log.jsonl` of a phase, a half-written last line left out."""
  rows = []
  path = os.path.join(directory, "log.jsonl")
  for number, line in texts.read_lines(path, "log", _LIMIT) if os.path.exists(path) else ():
    try:
      rows.append(json_files.parse_json(line, f"{path}:{number}", "log", _ROW, nan=True))
    except ValueError:
      break
  return rows
