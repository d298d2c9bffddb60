"""`make-records`: what it writes and prints."""
import numpy as np

from keras_weakseg import cli
from keras_weakseg import data


def test_every_split_of_a_folder_is_written(photo_folder, tmp_path, capsys):
  out = tmp_path / "out"
  arguments = ["make-records", str(photo_folder), str(out), "--held-out", "0.25", "--shards", "2"]
  assert cli.main(arguments) == 0
  assert capsys.readouterr().out.splitlines() == [str(out / "train"), str(out / "validation")]
  source, plain = data.Records(out), data.Folder(photo_folder, held_out=0.25)
  assert {split: source.ids(split) for split in source.splits()} == {
      split: plain.ids(split) for split in plain.splits()}
  np.testing.assert_array_equal(source.supervision("train"), plain.supervision("train"))
  assert cli.main([*arguments[:3], "--splits", "train", "--shards", "3"]) == 2
  assert "holds other records" in capsys.readouterr().err
