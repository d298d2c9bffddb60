"""The command that writes job files for several hosts: `cluster-files`."""
import shlex


def add_commands(command):
  """Adds the command to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
  """
  parser = command("cluster-files", _write)
  parser.add_argument("kind", metavar="KIND", help="slurm or kubernetes")
  parser.add_argument("output", metavar="OUTPUT", help="the file to write")
  parser.add_argument("--hosts", type=int, required=True, help="one worker on each")
  parser.add_argument("--gpus", type=int, default=8, help="of every host, default: 8")
  parser.add_argument("--port", type=int, default=12345, help="of the first, default: 12345")
  parser.add_argument("--name", default="weakseg", help="of the job, default: weakseg")
  parser.add_argument("--image", default="", help="container image, for kubernetes")
  parser.add_argument("--claim", default="data", help="volume claim, mounted at /data")
  parser.add_argument("--run", required=True, metavar="'fit ...'", dest="work", type=shlex.split,
                      help="what every worker runs, with --model_dir in a shared folder")


def _write(options):
  """Writes a job file that runs fit on several hosts with Slurm or Kubernetes."""
  from keras_weakseg.training import cluster_files
  cluster_files.write_job_file(
      options.output, options.kind, options.work, options.hosts, gpus=options.gpus,
      port=options.port, name=options.name, image=options.image, claim=options.claim)
  print(options.output)
