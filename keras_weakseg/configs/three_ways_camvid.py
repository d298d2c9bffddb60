"""Table S5 of Hoyer et al. 2021 at the paper's sizes: CamVid, alone and after depth of Cityscapes.

Images of 480x360 are enlarged to 672x512 and cropped to 512x512; 20,000 steps, a tenth of the rate
after 15,000. Depth is learned on Cityscapes, in the steps of `three_ways_paper`; the paper does
not say whether with feature distance for these rows: here with it. It has no multi-task row.
"""
import functools

from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs import three_ways_paper as paper
from keras_weakseg.configs.sections import schema

SIZE, CROP = (512, 672), (512, 512)
STEPS, DROP = 20000, 15000
# The paper takes the best of all validations on the test split; here it is scored once.
TEST = "test"


def on_camvid(experiment):
  """Returns a row of Cityscapes on CamVid: the same network, method and steps."""
  part, = experiment.data.parts
  experiment.data.parts = [parts.masks(paper.TRAIN, part.batch_size, count=part.count)]
  experiment.data.sources[0] = schema.Source(name="camvid", kind="camvid")
  augmentation = experiment.data.augmentation
  augmentation.resize, augmentation.crop = SIZE, CROP
  experiment.training.steps = STEPS
  experiment.training.optimization = schema.sgd_steps(paper.LEARNING_RATE, DROP, STEPS)
  experiment.evaluation = schema.Evaluation(split=TEST, protocol=schema.Protocol(size=SIZE))
  return experiment


def baseline(count):
  """Returns the network from ImageNet weights alone."""
  return on_camvid(paper.baseline(count))


def pretrained(count):
  """Returns D-P: encoder and decoder start from depth of Cityscapes."""
  return on_camvid(paper.transfer(count))


# Table S5: mean IoU in per cent on `test` by the number of labels.
TABLE_S5 = {
    "baseline_{}_camvid": (baseline, {50: 59.16, 100: 63.05, 367: 68.18},
                           "ImageNet weights alone"),
    "depth_pretraining_{}_camvid": (pretrained, {50: 62.75, 100: 66.19, 367: 70.45},
                                    "D-P, depth of Cityscapes first"),
}

for _name, (_factory, _published, _row) in TABLE_S5.items():
  for _count, _number in _published.items():
    registry.register(_name.format(_count), f"{_row}, {_count} masks; paper: {_number} on test")(
        functools.partial(_factory, _count))
