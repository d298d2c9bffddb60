"""What a killed process left goes at the next start, and nothing else."""
import pytest

from keras_weakseg.training import leftovers
from keras_weakseg.training import run_folder

KEPT = ("record.json", "train/log.csv", "train/checkpoints/last/checkpoint",
        "train/checkpoints/last/ckpt-4.index", "train/checkpoints/last/ckpt-4.data-00000-of-00001",
        "train/checkpoints/last/ckpt-2.index", "train/checkpoints/last/ckpt-6.index",
        "train/checkpoints/best/ckpt-2.index", "train/maps/a.tmp.png", "train/maps/.hidden",
        "other/.log.csv.abcd1234.tmp", "other/ckpt-1_temp/part")
GONE = (".record.json.abcd1234.tmp", ".probe_123", "train/.done.json.a_b_c_d_.tmp",
        "train/maps/deep/.a.png.0123abcd.tmp", "train/checkpoints/last/ckpt-6_temp/part-0",
        "train/checkpoints/last/ckpt-0.index",
        "train/checkpoints/last/ckpt-0.data-00000-of-00001", "train/temporary_77/last/ckpt-1.index",
        "train/.unfinished-abcd1234/a.png")


@pytest.fixture
def run(tmp_path):
  for name in KEPT + GONE:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("x")
  (tmp_path / KEPT[2]).write_text('''model_checkpoint_path: "ckpt-4"
all_model_checkpoint_paths: "ckpt-2"
all_model_checkpoint_paths: "ckpt-4"
''')
  return tmp_path


def names(root):
  return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_only_half_written_files_go(run):
  leftovers.remove(run, ["train", "later"])
  assert names(run) == set(KEPT)


def test_they_go_when_a_run_is_claimed(run):
  with run_folder.claimed(run, alone=False, steps=["train"]):
    assert names(run) == set(KEPT + GONE), "another worker of the same training"
  with run_folder.claimed(run, steps=["train"]):
    assert names(run) == set(KEPT)


def test_checkpoints_stay_where_the_index_is_damaged(run):
  (run / "train/checkpoints/last/checkpoint").write_text("?")
  leftovers.remove(run, ["train"])
  assert "train/checkpoints/last/ckpt-0.index" in names(run)
