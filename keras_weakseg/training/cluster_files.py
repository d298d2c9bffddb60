"""Job files for Slurm and Kubernetes: one process per host, each told of all by `TF_CONFIG`.

Every worker runs the same command. Where one of them dies, the job is started again, and the
command continues at its last checkpoint: so the model directory lies where all of them see it.
"""
import re
import shlex

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.files import writing

SLURM, KUBERNETES = "slurm", "kubernetes"
KINDS = (SLURM, KUBERNETES)
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,48}[a-z0-9])?")
_PORTS = (1024, 65535)

# Makes TF_CONFIG of the names in WORKERS and the number INDEX, and becomes the command. Workers
# listen at ports of their own, so that two may share a host.
_START = r"""set -eu
workers= index=0
for host in $WORKERS; do
  workers="$workers${workers:+,}\"$host:$((PORT + index))\""
  index=$((index + 1))
done
task="{\"type\":\"worker\",\"index\":$INDEX}"
export TF_CONFIG="{\"cluster\":{\"worker\":[$workers]},\"task\":$task}"
exec "$@"
"""


def job_file(kind, command, hosts, *, gpus=8, port=12345, name="weakseg", image="", claim="data"):
  """Returns the text of a job file, see `cluster_files`; `command` is a list of words."""
  _check(kind, command, hosts, gpus, port, name, image)
  if kind == SLURM:
    return _slurm(command, hosts, gpus, port, name)
  return _kubernetes(command, hosts, gpus, port, name, image, claim)


def cluster_files(kind: str, output: arguments.Path, *, run: str, hosts: int, gpus: int = 8,
                  port: int = 12345, name: str = "weakseg", image: str = "", claim: str = "data"):
  """Writes a job file that runs one command on several hosts, with Slurm or Kubernetes.

  Args:
    kind: `slurm`: a script for `sbatch`; `kubernetes`: a headless service and an indexed job for
      `kubectl apply -f`.
    output: the file to write.
    run: what every worker runs, such as `"fit em_scenes --model_dir /shared/run"`: `fit`, with
      `--model_dir` in a folder that all hosts see.
    hosts: number of workers, one on every host.
    gpus: GPUs of every host, 0 = none.
    port: of the first worker; the others listen at the next ones.
    name: of the job: a-z, 0-9 and -.
    image: container image with this package; for Kubernetes.
    claim: name of a volume claim, mounted at `/data`; for Kubernetes.

  Returns:
    The path of the file.

  Raises:
    ValueError: an argument is none that a job could be made of.
  """
  output = paths.expand(output)
  writing.write_whole(output, job_file(kind, shlex.split(run), hosts, gpus=gpus, port=port,
                                       name=name, image=image, claim=claim))
  return output


def _check(kind, command, hosts, gpus, port, name, image):
  """Raises `ValueError` for the first argument that cannot be used."""
  errors.check_name("kind of job file", kind, KINDS)
  folder = any(word.split("=")[0].replace("-", "_") == "__model_dir" for word in command)
  wrong = next((row for row in (
      (command[:1] == ["fit"] and folder, "command", "fit ... --model_dir FOLDER, which all hosts "
       "see", shlex.join(command)),
      (hosts >= 2, "number of hosts", "2 or more", hosts),
      (gpus >= 0, "number of GPUs", "0 or more", gpus),
      (_PORTS[0] <= port <= _PORTS[1] - hosts, "port", f"{_PORTS[0]}..{_PORTS[1] - hosts}", port),
      (_NAME.fullmatch(name), "name", "a-z, 0-9 and -, at most 50, a letter first", repr(name)),
      (image or kind != KUBERNETES, "image", "a container image with this package", "none"),
  ) if not row[0]), None)
  if wrong:
    raise errors.value_error(
        f"The {wrong[1]} cannot be used in a job file.", expected=wrong[2], received=wrong[3],
        fix="Correct it; 'keras-weakseg cluster-files --help' lists all of them.")


def _slurm(command, hosts, gpus, port, name):
  lines = ["#!/bin/bash", f"#SBATCH --job-name={name}", f"#SBATCH --nodes={hosts}",
           "#SBATCH --ntasks-per-node=1", "#SBATCH --requeue",
           *([f"#SBATCH --gpus-per-node={gpus}"] if gpus else []), "set -eu",
           'WORKERS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | tr "\\n" " ")',
           f"export WORKERS PORT={port}",
           "# The number of a node is its place in the list of hosts.",
           "srun --kill-on-bad-exit=1 bash -c " + shlex.quote("INDEX=$SLURM_NODEID\n" + _START)
           + " worker " + shlex.join(["keras-weakseg", *command])]
  return "\n".join(lines) + "\n"


def _kubernetes(command, hosts, gpus, port, name, image, claim):
  import yaml  # pylint: disable=g-import-not-at-top
  workers = " ".join(f"{name}-{index}.{name}" for index in range(hosts))
  container = {
      "name": "worker", "image": image,
      "command": ["bash", "-c", "INDEX=$JOB_COMPLETION_INDEX\n" + _START, "worker",
                  "keras-weakseg", *command],
      "env": [{"name": "WORKERS", "value": workers}, {"name": "PORT", "value": str(port)}],
      "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
  if gpus:
    container["resources"] = {"limits": {"nvidia.com/gpu": gpus}}
  service = {
      "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
      # Workers look for each other before any of them is ready.
      "spec": {"clusterIP": "None", "publishNotReadyAddresses": True,
               "selector": {"job-name": name}}}
  job = {
      "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
      "spec": {"completions": hosts, "parallelism": hosts, "completionMode": "Indexed",
               "backoffLimit": 4 * hosts, "template": {"spec": {
                   "subdomain": name, "restartPolicy": "OnFailure", "containers": [container],
                   "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]}}}}
  return yaml.safe_dump_all([service, job], sort_keys=False)
