"""Job files: their text, and what every worker is told when they run."""
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys

import numpy as np
import pytest
import yaml

from keras_weakseg.training import cluster_files

WORKER = pathlib.Path(__file__).with_name("worker.py")
FIT = ["fit", "em_scenes", "--model_dir", "/data/a run"]


def program(folder, name, text):
  path = folder / name
  path.parent.mkdir(exist_ok=True)
  path.write_text("#!/bin/bash\n" + text)
  path.chmod(0o755)


@pytest.fixture
def cluster(tmp_path):
  """Returns a function that runs a Slurm script on two nodes that are this machine.

  Its arguments are the text and what `keras-weakseg` does; it returns the process.
  """
  tools = tmp_path / "tools"
  program(tools, "scontrol", '[ "$*" = "show hostnames n[1-2]" ] || exit 1\n'
          'printf "127.0.0.1\\n127.0.0.1\\n"\n')
  program(tools, "srun", 'shift\nSLURM_NODEID=1 "$@" &\nSLURM_NODEID=0 "$@" || exit 1\nwait $!\n')

  def run(text, work, **environment):
    program(tools, "keras-weakseg", work)
    (tmp_path / "job.sh").write_text(text)
    return subprocess.run(
        ["bash", str(tmp_path / "job.sh")], capture_output=True, text=True, check=False,
        timeout=540, cwd=tmp_path, env={
            **os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "n[1-2]",
            **environment})

  return run


def test_slurm_tells_every_worker_of_all(cluster, tmp_path):
  text = cluster_files.job_file("slurm", FIT, 2, gpus=4, port=3000)
  for line in ("--nodes=2", "--ntasks-per-node=1", "--gpus-per-node=4"):
    assert f"#SBATCH {line}\n" in text
  done = cluster(text, '(echo "$TF_CONFIG"; printf "%s\\n" "$@") > told$SLURM_NODEID')
  assert done.returncode == 0, done.stderr
  for index in range(2):
    told, *words = (tmp_path / f"told{index}").read_text().splitlines()
    assert words == FIT
    assert json.loads(told) == {"cluster": {"worker": ["127.0.0.1:3000", "127.0.0.1:3001"]},
                                "task": {"type": "worker", "index": index}}
  assert "gpus" not in cluster_files.job_file("slurm", FIT, 2, gpus=0)


def test_slurm_fails_where_a_worker_fails(cluster):
  done = cluster(cluster_files.job_file("slurm", FIT, 2), '[ "$SLURM_NODEID" = 0 ]')
  assert done.returncode != 0


@pytest.mark.slow
def test_two_workers_of_a_slurm_job_train_one_model(cluster, photo_folder, tmp_path):
  with socket.socket() as entry:
    entry.bind(("127.0.0.1", 0))
    port = min(entry.getsockname()[1], 60000)
  done = cluster(
      cluster_files.job_file("slurm", FIT, 2, port=port),
      f'exec "{sys.executable}" "{WORKER}" "{photo_folder}" "{tmp_path / "run"}" '
      f'multi_worker_mirrored 2 em_fixed "{tmp_path}/w$SLURM_NODEID.npz"',
      PYTHONPATH=str(WORKER.parents[2]), SHALLOW="1")
  assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
  with np.load(tmp_path / "w0.npz") as one, np.load(tmp_path / "w1.npz") as other:
    assert one.files
    for name in one.files:
      np.testing.assert_allclose(one[name], other[name], atol=1e-6)


def test_kubernetes_tells_every_worker_of_all(tmp_path):
  text = cluster_files.job_file("kubernetes", FIT, 3, gpus=2, name="mine", image="our/image",
                                claim="disk")
  service, job = yaml.safe_load_all(text)
  assert service["metadata"]["name"] == "mine" and service["spec"]["clusterIP"] == "None"
  spec, template = job["spec"], job["spec"]["template"]["spec"]
  assert spec["completions"] == spec["parallelism"] == 3 and spec["completionMode"] == "Indexed"
  assert template["subdomain"] == "mine"
  assert template["volumes"][0]["persistentVolumeClaim"]["claimName"] == "disk"
  container, = template["containers"]
  assert container["resources"]["limits"] == {"nvidia.com/gpu": 2}
  program(tmp_path / "tools", "keras-weakseg", 'echo "$TF_CONFIG"; printf "%s\\n" "$@"')
  environment = {entry["name"]: entry["value"] for entry in container["env"]}
  told, *words = subprocess.run(
      container["command"], capture_output=True, text=True, check=True, env={
          **environment, "JOB_COMPLETION_INDEX": "2",
          "PATH": f"{tmp_path / 'tools'}:{os.environ['PATH']}"}).stdout.splitlines()
  assert words == FIT
  assert json.loads(told) == {
      "cluster": {"worker": [f"mine-{k}.mine:{12345 + k}" for k in range(3)]},
      "task": {"type": "worker", "index": 2}}


@pytest.mark.parametrize("options, words", [
    ({"kind": "slrum"}, "Did you mean 'slurm'"), ({"run": "evaluate"}, "--model_dir"),
    ({"run": "fit em_scenes"}, "--model_dir"), ({"hosts": 1}, "2 or more"),
    ({"gpus": -1}, "0 or more"), ({"port": 80}, "1024"), ({"name": "My_job"}, "a-z"),
    ({"kind": "kubernetes"}, "container image")])
def test_jobs_that_cannot_run_are_refused(options, words, tmp_path):
  arguments = {"kind": "slurm", "run": shlex.join(FIT), "hosts": 2, **options}
  with pytest.raises(ValueError, match=words):
    cluster_files.cluster_files(output=tmp_path / "job", **arguments)
  assert not list(tmp_path.iterdir())
