"""What is known of a model of depth once it is trained."""
import pytest

from keras_weakseg.configs.sections import schema
from keras_weakseg.tasks.depth import task


@pytest.mark.parametrize("options, factor", [
    ({"loss": "log", "lam": 0.5}, 1.0), ({"loss": "log", "lam": 1.0}, 0.0),
    ({"loss": "berhu", "lam": 0.5}, 0.0)])
def test_labels_of_depth_make_metres_unless_a_factor_is_forgiven(tiny_video, options, factor):
  experiment = schema.Experiment(method=schema.method("supervised_depth", **options))
  experiment.data.augmentation.resize = (32, 64)
  facts = task.DepthTask().facts(experiment, tiny_video)
  assert facts["depth"]["factor"] == factor
