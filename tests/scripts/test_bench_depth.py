"""The benchmark of depth compares equal losses and prints every ratio with its goal."""
import importlib.util
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import geometry, photometric

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(scope="module")
def plain():
  """Returns the module of the plain loss."""
  spec = importlib.util.spec_from_file_location("plain_depth", SCRIPTS / "plain_depth.py")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


@pytest.mark.slow
def test_quick_mode_prints_all_ratios():
  done = subprocess.run([sys.executable, str(SCRIPTS / "bench_depth"), "--quick", "--steps", "1"],
                        capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr
  rows = re.findall(r"^(.+?) {2,}(\d\.\d\d|-) +(\d+\.\d{3}) ", done.stdout, re.MULTILINE)
  assert {name: goal for name, goal, _ in rows} == {
      "+ unwarped errors once": "-", "+ SSIM's own gradient": "-", "+ four pixels in one row": "-",
      "loss / plain": "0.60", "loss, compiled / plain": "-", "loss / plain, both compiled": "-",
      "train step / plain": "0.90", "train step, same Adam / plain": "-",
      "train step, bfloat16 / plain": "-"}
  assert all(float(ratio) > 0 for _, _, ratio in rows)
  assert "loss of 1x32x64" in done.stdout


def test_the_plain_loss_is_the_golden_one(golden, plain):
  """So a bench against it is one against the formulas."""
  data = golden("depth.npz")
  with tf.GradientTape() as tape:
    disparities = [tf.constant(data[f"mono__disp_s{scale}"]) for scale in range(4)]
    tape.watch(disparities)
    transforms = [matrix_of(data, "m1", True), matrix_of(data, "p1", False)]
    loss = plain.reprojection_loss(
        tf.constant(data["mono__frame_0"]), [data["mono__frame_m1"], data["mono__frame_p1"]],
        disparities, transforms, data["mono__K"][:, :3, :3], np.zeros([4, 1, 1, 1, 1], np.float32))
  np.testing.assert_allclose(loss, data["mono__loss"], rtol=1e-4)
  for scale, gradient in enumerate(tape.gradient(loss, disparities)):
    wanted = data[f"mono__grad_disp_s{scale}"]
    np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-3 * np.abs(wanted).max())


def matrix_of(data, name, invert):
  return geometry.pose_to_matrix(data[f"mono__axisangle_{name}"], data[f"mono__translation_{name}"],
                                 invert=invert)


def test_the_plain_error_is_ours(plain):
  a, b = np.random.RandomState(0).rand(2, 1, 8, 9, 3).astype(np.float32)
  np.testing.assert_allclose(plain.photometric_error(a, b), photometric.photometric_error(a, b),
                             atol=1e-5)
