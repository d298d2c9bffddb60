"""The steps of dual learning, whatever the data: labels, image, joint, and weak samples at last.

Luo et al., "Deep Dual Learning for Semantic Image Segmentation", ICCV 2017, section 3.4: first on
masks, (a) the labelmap and the tags, (b) the reconstruction alone, (c) all together; then on masks
and weak samples, whose labelmaps and tags are inferred.
"""
import copy
import dataclasses

from keras_weakseg.configs.sections import schema

LABELS, IMAGE, JOINT, SEMI = "labels", "image", "joint", "semi"
TAG_FIELDS = ("tags", "noisy_tags")
TRAIN_STEPS = 10       # of inference for weak samples while training, the paper's t_tr
TEST_STEPS = 10        # in evaluation, t_ts


# For SGD. A head is new, so it learns faster than the encoder; but subnets 1 and 2 convolve what
# is far from zero on average: at ten times the rate their steps overshoot, and the labelmap stays
# at the background (loss of 50 masks after 120 steps 1.1 instead of 0.31).
SUBNETS = schema.Multiplier(pattern="head_dual/(labelmap|image)", learning_rate=1.0)


@dataclasses.dataclass(frozen=True)
class Lengths:
  """Updates of the four stages."""
  labels: int
  image: int
  joint: int
  semi: int


def stages(experiment, strong, weak, lengths, training, *, inference_steps=TRAIN_STEPS,
           test_steps=TEST_STEPS, labels="tags", clean_tags=True, image_parts=None,
           image_training=None, **options):
  """Turns an experiment into the four steps of dual learning; returns it.

  Args:
    experiment: `schema.Experiment` on a dual network; its parts, method, training are replaced.
    strong: list of `schema.Part` with masks, of the first three steps.
    image_parts: list of `schema.Part` of the step `image`, which needs no label; None = `strong`,
      as in the paper.
    weak: list of `schema.Part`, masks and weak samples of the last step.
    image_training: as `training`, of the step `image`; None = `training`.
    lengths: `Lengths`.
    training: function of a number of updates that returns the `schema.Training`.
    inference_steps: of weak samples in training (t_tr); test_steps: in evaluation (t_ts).
    labels: the tags of weak samples: `tags` or `noisy_tags`.
    clean_tags: whether they are cleaned, or right as they are.
    **options: of the method in all stages, such as `tag_weight`.
  """
  first = experiment.network
  before = ""
  for stage in (LABELS, IMAGE, JOINT):
    experiment.steps.append(schema.Step(
        name=stage, parts=copy.deepcopy(image_parts if stage == IMAGE and image_parts else strong),
        network=schema.going_on(first, before),
        method=schema.method("dual", stage=stage, **options),
        training=(image_training if stage == IMAGE and image_training else training)(
            getattr(lengths, stage))))
    before = stage
  experiment.network = schema.going_on(first, before)
  experiment.data.parts = weak
  experiment.method = schema.method(
      "dual", stage=SEMI, inference_steps=inference_steps, labels=labels,
      clean_tags=clean_tags, **options)
  experiment.training = training(lengths.semi)
  experiment.evaluation.protocol.inference_steps = test_steps
  return experiment
