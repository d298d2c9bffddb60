"""The shell around the library: environments are re-used or refused, never overwritten."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"


def shell(program, **environment):
  program = f"set -euo pipefail\nsource {SCRIPTS}/environment.sh\n{program}"
  return subprocess.run(["bash", "-c", program],
                        capture_output=True, text=True, check=False, timeout=60,
                        env={**os.environ, **environment})


@pytest.fixture
def fake_python(tmp_path):
  """Returns a PATH on which `python3.11` writes what it is asked for instead of doing it."""
  folder = tmp_path / "bin"
  folder.mkdir()
  program = folder / "python3.11"
  program.write_text(f"""#!/usr/bin/env bash
if [ "$1 $2" = "-m pytest" ]; then
  echo "pytest $*" >>"{tmp_path}/pip.txt"
elif [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin"; touch "$3/pyvenv.cfg"; cp "$0" "$3/bin/python"
elif [ "$1 $2" = "-m pip" ]; then
  echo "$PIP_CONSTRAINT $*" >>"{tmp_path}/pip.txt"
  [ ! -e "{tmp_path}/offline" ] || {{ echo "no network" >&2; exit 1; }}
else
  exec {sys.executable} -c "${{2/sys.version_info\\[:2\\]/(3, 11)}}"
fi
""")
  program.chmod(0o755)
  return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_an_environment_is_made_once_and_re_used(tmp_path, fake_python):
  place = {"KERAS_WEAKSEG_VENV": str(tmp_path / "venv"), "PATH": fake_python}
  first = shell('use_environment default; echo "$python"', **place)
  assert first.returncode == 0, first.stderr
  assert "Installation: " in first.stdout and first.stdout.endswith("venv/bin/python\n")
  asked = (tmp_path / "pip.txt").read_text()
  assert asked.startswith(f"{SCRIPTS}/constraints-default.txt") and "-e" in asked
  second = shell("use_environment default", **place)
  assert "installed before" in second.stdout
  assert (tmp_path / "pip.txt").read_text() == asked


@pytest.mark.parametrize("options, stack, folder, extras", [
    ([], "default", ".venv", "[test]"),
    (["--stack", "addons", "--fast"], "addons", ".venv-addons", "[test,addons]")])
def test_every_stack_has_its_pins_its_place_and_its_tests(
    tmp_path, fake_python, options, stack, folder, extras):
  place = tmp_path / "checkout"
  shutil.copytree(SCRIPTS, place / "scripts")
  for name in ("setup.cfg", "pyproject.toml"):
    shutil.copy(ROOT / name, place)
  done = shell(f"{place}/scripts/test {' '.join(options)} -x", PATH=fake_python,
               KERAS_WEAKSEG_VENV="")
  assert done.returncode == 0 and f"Installing the pinned packages into {place}/{folder} (" in (
      done.stdout), done.stderr
  installed, tested = (tmp_path / "pip.txt").read_text().splitlines()
  assert f"/checkout/scripts/constraints-{stack}.txt " in installed and installed.endswith(extras)
  assert tested.startswith("pytest -m pytest") and tested.endswith(" -x")
  chosen = [word.split("::")[0] for word in tested.split() if word.startswith("tests/")]
  assert all((ROOT / name).exists() for name in chosen)
  assert ("tests/ops" in chosen) == bool(options)


@pytest.mark.parametrize("name, received", [("jax", "Received: jax."), ("", "Received: .")])
def test_a_stack_that_is_none_is_refused(name, received):
  done = shell(f"{SCRIPTS}/test --stack {name}")
  assert done.returncode == 1 and received in done.stderr and "default or addons" in done.stderr


def test_other_pins_install_again(tmp_path, fake_python):
  place = {"KERAS_WEAKSEG_VENV": str(tmp_path / "venv"), "PATH": fake_python}
  shell("use_environment default", **place)
  (tmp_path / "venv" / ".keras_weakseg").write_text("of other pins\n")
  assert "Installation: " in shell("use_environment default", **place).stdout


def test_a_failed_installation_says_why_and_is_tried_again(tmp_path, fake_python):
  place = {"KERAS_WEAKSEG_VENV": str(tmp_path / "venv"), "PATH": fake_python}
  (tmp_path / "offline").touch()
  done = shell("use_environment default; echo reached", **place)
  assert done.returncode == 1 and "reached" not in done.stdout
  assert "no network" in done.stderr and "Expected: " in done.stderr and "Received: " in done.stderr
  (tmp_path / "offline").unlink()
  assert "Installation: " in shell("use_environment default", **place).stdout


def test_a_folder_of_the_user_is_not_touched(tmp_path):
  (tmp_path / "photos").mkdir()
  (tmp_path / "photos" / "a.jpg").write_text("mine")
  done = shell("use_environment default", KERAS_WEAKSEG_VENV=str(tmp_path / "photos"))
  assert done.returncode == 1 and "not a virtual environment" in done.stderr
  assert os.listdir(tmp_path / "photos") == ["a.jpg"]


def test_another_python_is_refused(tmp_path):
  for name in ("python3.11", "python3", "python"):
    (tmp_path / name).write_text(
        '#!/bin/bash\n[ "$1" = --version ] && echo "Python 3.8.1"\nexit 1\n')
    (tmp_path / name).chmod(0o755)
  done = shell("use_environment default", PATH=f"{tmp_path}:/usr/bin:/bin",
               KERAS_WEAKSEG_VENV=str(tmp_path / "venv"))
  assert done.returncode == 1
  assert "No Python 3.11" in done.stderr and "Python 3.8.1" in done.stderr
  assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("name", ["scripts/test", "scripts/quickstart", ".ci/run"])
def test_commands_are_executable_bash(name):
  path = ROOT / name
  assert os.access(path, os.X_OK)
  assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0


@pytest.mark.parametrize("name", ["default", "addons"])
def test_constraints_pin_every_package_once(name):
  lines = (SCRIPTS / f"constraints-{name}.txt").read_text().splitlines()
  pins = [line.split("==") for line in lines if not line.startswith("#")]
  assert all(len(pin) == 2 for pin in pins)
  names = [pin[0].lower().replace("_", "-") for pin in pins]
  assert len(set(names)) == len(names)
  assert {"tensorflow", "tf-keras", "tf-models-official", "opencv-python-headless"} <= set(names)
  assert "opencv-python" not in names and "tensorflow-cpu" not in names
