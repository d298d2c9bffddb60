"""Evaluation samples: one pass, one per batch, as stored."""
import numpy as np

from keras_weakseg import fields
from keras_weakseg.data.pipeline import ordered
from keras_weakseg.data.sources import folder


def test_every_sample_once_in_stored_order(mini, png):
  png(mini / "images" / "a3.png", np.full((7, 9, 3), 5, np.uint8))
  png(mini / "masks" / "a3.png", np.full((7, 9), 2, np.uint8))
  boxes = mini / "boxes" / "a3.xml"
  boxes.write_text(boxes.read_text().replace(">16<", ">9<").replace(">12<", ">7<"))
  source = folder.Folder(mini, validation=["a3", "a1", "a2"])
  batches = list(ordered.evaluation_samples(source))
  assert [b[fields.SAMPLE_ID].numpy()[0] for b in batches] == [b"a3", b"a1", b"a2"]
  assert [b[fields.IMAGE].shape for b in batches] == [(1, 7, 9, 3), (1, 12, 16, 3), (1, 12, 16, 3)]
  assert (batches[0][fields.MASK] == 2).numpy().all()


def test_grant_may_be_text_and_keeps_masks_closed(mini):
  for path in (mini / "masks").iterdir():
    path.write_bytes(b"garbage")
  source = folder.Folder(mini, validation=["a1"])
  batch = next(iter(ordered.evaluation_samples(source, grant="none")))
  assert set(batch) == {fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION}
