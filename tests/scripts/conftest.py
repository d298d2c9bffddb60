"""Scripts import each other by name, as they do where they lie."""
import pathlib
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"

if str(SCRIPTS) not in sys.path:
  sys.path.append(str(SCRIPTS))
