"""`cluster-files`: what it writes and refuses."""
from keras_weakseg import cli
from keras_weakseg.training import cluster_files


def test_a_job_file_is_written(tmp_path, capsys):
  path = tmp_path / "job.sh"
  work = ["fit", "em_scenes", "--model_dir", "shared/a run"]
  assert cli.main(["cluster-files", "slurm", str(path), "--hosts", "4", "--gpus", "2",
                   "--run", "fit em_scenes --model_dir 'shared/a run'"]) == 0
  assert capsys.readouterr().out.strip() == str(path)
  assert path.read_text() == cluster_files.job_file("slurm", work, 4, gpus=2)


def test_errors_are_those_of_the_house(tmp_path, capsys):
  assert cli.main(["cluster-files", "slurm", str(tmp_path / "job.sh"), "--hosts", "2",
                   "--run", "fit em_scenes"]) == 2
  assert "--model_dir" in capsys.readouterr().err and not (tmp_path / "job.sh").exists()
