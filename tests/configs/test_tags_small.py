"""The small experiments of tags."""
import pytest

from keras_weakseg.configs import overrides


@pytest.mark.parametrize("name, labels", [
    ("tags_scenes", "tags"), ("noisy_tags_scenes", "noisy_tags"), ("tags_voc_animals", "tags")])
def test_they_learn_from_tags_alone(name, labels):
  experiment = overrides.validate(overrides.resolve(name))
  assert experiment.method.get().labels == labels and experiment.network.type == "tag_classifier"
  assert {part.supervision for part in experiment.data.parts} == {"tags"}
  # A crop of an image need not show what the image is tagged with.
  assert list(experiment.data.augmentation.scales) == [1.0, 1.0]


def test_values_out_of_range_are_refused():
  for text, words in (("evaluation.tags.threshold=1.0", "0 < threshold < 1"),
                      ("evaluation.tags.scales=[]", "one or more scales"),
                      ("evaluation.tags.size=[3]", "height, width"),
                      ("method.tags.activation=relu", "method.tags.activation"),
                      ("method.tags.labels=masks", "method.tags.labels")):
    with pytest.raises(ValueError, match=words):
      overrides.validate(overrides.resolve("tags_scenes", overrides=text))
