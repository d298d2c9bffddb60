"""Files are parsed and written on the ground floor only: nobody else does it by hand."""
import pathlib
import re

import keras_weakseg

ROOT = pathlib.Path(keras_weakseg.__file__).parent
PARSING = re.compile(
    r"\bjson\.load\(|\byaml\.(safe_)?load|\bnp\.(load|loadtxt|genfromtxt|fromfile)\(|ElementTree|"
    r"(?<!texts)(?<!text_files)\.read_text\(|\bpickle\b|csv\.(reader|DictReader)|allow_pickle")
WRITING = re.compile(
    r"open\([^)]*[\"'][wax]b?[\"']|(?<!restore)\.write_text\(|\.write_bytes\(|"
    r"\bnp\.(save|savez|savetxt)|cv2\.imwrite\((?!path|'image)|json\.dump\(")
MAKING = re.compile(
    r"\bmakedirs\(|\.mkdir\(|\bmkdtemp\(|\bshutil\.(copy\w*|move)\(|\bos\.(rename|replace)\(|"
    r"TemporaryDirectory\(|CheckpointManager\(|saved_model\.save\(|TFRecordWriter\(|VideoWriter\(")
# Who may, and why.
PARSES = {
    "tasks/segmentation/crf_search.py": "its own scratch files, of the same process",
    "serving": "what it wrote itself",
}
WRITES = {
    "training/logs.py": "lines are appended, and a half-written one is left out",
    "training/run_folder.py": "tries whether a folder can be written to",
    "tasks/segmentation/crf_search.py": "scratch files in a temporary folder",
    "networks/weights/weights.py": "into the file of `write_whole`",
    "tasks/depth/predict.py": "into memory",
    "serving": "into a folder that is renamed at the end",
    "datasets": "TFDS has its own way of writing whole",
}


# Whose folders are tried on a full disk and where nothing may be written: frame/test_full_disk.py.
MAKES = {
    "files/staging.py": "predictions, tables, selections: all files together",
    "training/run_folder.py": "the folder of a run", "training/logs.py": "inside of it",
    "training/loop.py": "inside of it", "training/checkpoints.py": "inside of it",
    "runs.py": "inside of it", "api_prune.py": "a run beside the others, renamed at the end",
    "data/readers/video_files.py": "frames, renamed at the end",
    "data/sources/records_writer.py": "into the file of `writing.whole`",
    "serving": "a version, renamed at the end",
    "tasks/segmentation/crf_search.py": "scratch files in a temporary folder",
}


def found(pattern, allowed):
  """Returns the lines outside of `files` that match."""
  lines = []
  for path in sorted(ROOT.rglob("*.py")):
    place = path.relative_to(ROOT).as_posix()
    if place.startswith("files/") or any(
        place == name or place.startswith(name + "/") for name in allowed):
      continue
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
      code = line.split("#")[0]
      if pattern.search(code) and ">>>" not in code:
        lines.append(f"{place}:{number}: {line.strip()}")
  return lines


def test_nobody_parses_a_file_by_hand():
  lines = found(PARSING, PARSES)
  assert not lines, "\n".join(lines)


def test_nobody_writes_a_file_by_hand():
  lines = found(WRITING, WRITES)
  assert not lines, "\n".join(lines)


def test_nobody_makes_a_folder_or_moves_a_file_by_hand():
  lines = found(MAKING, MAKES)
  assert not lines, "\n".join(lines)


def test_the_patterns_find_what_they_are_for():
  for text in ("os.makedirs(a)", "path.mkdir(parents=True)", "shutil.copyfile(a, b)"):
    assert MAKING.search(text)
  for text in ("json.load(file)", "np.load(path)", "path.read_text()", "csv.reader(file)"):
    assert PARSING.search(text)
  for text in ('open(path, "w", encoding="utf-8")', "path.write_bytes(x)", "cv2.imwrite(a, b)"):
    assert WRITING.search(text)
