"""Features have the names, dtypes and shapes of the contract."""
import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels

tfds = pytest.importorskip("tensorflow_datasets")


def test_every_field_of_the_contract_keeps_its_dtype_and_rank():
  stored = set(fields.GRANTED_BY) - {fields.BOX_LABELS, fields.TAG_LABELS}  # Made, never stored.
  names = [*sorted(stored), fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS,
           fields.STEREO_IMAGE, fields.STEREO_POSE]
  spec = features.sample_features(names, 6, (8, 16), frames=2).get_tensor_spec()
  assert sorted(spec) == sorted([*names, fields.IMAGE, fields.SAMPLE_ID])
  for name, tensor in spec.items():
    wanted = fields.SPECS[name]
    assert tensor.dtype == wanted.dtype, name
    extra = 1 if name in (fields.MASK, fields.PARTS) else 0
    assert len(tensor.shape) == len(wanted.shape) + extra, name


def test_an_unknown_field_is_refused():
  with pytest.raises(KeyError, match="pose_of_the_cat"):
    features.sample_features(("pose_of_the_cat",), 6)


def test_boxes_survive_the_round_trip():
  values = np.float32([[0.1, 0.2, 0.30000001, 1.0], [0, 0, 1, 1]])
  encoded = features.sample_features((fields.BOXES,), 3)[fields.BOXES].encode_example(
      features.boxes(values))
  np.testing.assert_array_equal(np.asarray(encoded, np.float32), values)
  assert features.boxes(np.zeros([0, 4])) == []


def test_metadata_names_classes_colours_and_joined_splits():
  record = features.metadata(labels.VOC_ANIMALS, {"all": "train+val"})
  assert record[features.CLASSES][4] == "horse"
  assert len(record[features.PALETTE]) == 7 and record[features.PALETTE][0] == [0, 0, 0]
  assert record[features.SPLIT_ALIASES] == {"all": "train+val"}
