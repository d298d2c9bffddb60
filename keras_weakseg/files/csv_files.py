"""The reader of comma-separated tables: every cell is handed over, with its line."""
import csv
import io

from keras_weakseg.files import text as texts


def read_rows(path, noun="table", form="comma-separated values", fix="Check the path."):
  """Returns the rows of a table, the header first: a list of (line number, list of cells).

  Cells are without blanks at their ends; rows without any text are left out.

  Args:
    path: of the file.
    noun: what it is called in errors.
    form: what it should hold, for errors.
    fix: what the user can do where there is no such file.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no such table.
  """
  reader = csv.reader(io.StringIO(texts.read_text(path, noun, fix=fix), newline=""), strict=True)
  rows, line = [], 1
  try:
    for cells in reader:
      cells = [cell.strip() for cell in cells]
      if any(cells):
        rows.append((line, cells))
      line = reader.line_num + 1
  except csv.Error as error:
    raise texts.unreadable(noun, path, form, f"{error} in line {line}",
                           "Correct the line; a comma within a cell needs quotes.") from error
  return rows
