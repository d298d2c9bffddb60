"""Tables 1 and 2 of Papandreou et al. 2015 at the paper's own sizes, one experiment per row.

VOC 2012 with the masks of SBD: `train` 1,464, `trainval` 2,913, `train_aug` 10,582,
`trainval_aug` 12,031 images. Reference: Papandreou, Chen, Murphy, Yuille, Weakly- and
Semi-Supervised Learning of a DCNN for Semantic Image Segmentation, ICCV 2015.
"""
import functools

from keras_weakseg.configs import em_methods
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

BATCH = 30
CROP = (321, 321)
STEPS = 6000
# For models that are scored on the test set: the row of the validation set goes on so many steps
# with the images of val, at the rates of its start (DeepLab's second solver).
TEST_STEPS = 8000
DROP_EVERY = 2000
LEARNING_RATE = 1e-3
# Each net has its own: the paper tunes the CRF per model (`tune-crf`), on 100 images of val.
CRF = {"large": "deeplab_largefov_released", "small": "deeplab_largefov_layer"}

TRAIN, TRAIN_AUG, TRAINVAL, TRAINVAL_AUG = "train", "train_aug", "trainval", "trainval_aug"
VAL = "val"
NOWHERE = ""    # the masks of the test set are not public: predict, and send them to the server


def voc12():
  """Returns the source VOC 2012 + SBD."""
  return schema.Source(name="voc12", kind="tfds", dataset="weakseg_voc2012")


def largefov(field_of_view):
  """Returns DeepLab on VGG-16 with ImageNet weights; `field_of_view` is `large` or `small`."""
  return schema.Network(type="largefov_vgg16", pretrained="imagenet",
                        largefov_vgg16=schema.LargeFOV(field_of_view=field_of_view))


def caffe_training(steps, drop_every=DROP_EVERY):
  """Returns the solver of DeepLab: the classifier learns ten times, biases twice as fast."""
  return schema.Training(
      steps=steps, weight_decay=5e-4,
      optimization=schema.sgd_steps(LEARNING_RATE, drop_every, steps, factor=0.1, momentum=0.9),
      multipliers=[
          schema.Multiplier(pattern="head.*bias", learning_rate=20.0, weight_decay=0.0),
          schema.Multiplier(pattern="head", learning_rate=10.0),
          schema.Multiplier(pattern="bias", learning_rate=2.0, weight_decay=0.0),
      ])


def row(method, bundle, *, field_of_view="large"):
  """Returns the experiment of one row.

  Args:
    method: a `schema.Method`.
    bundle: list of `schema.Part`.
    field_of_view: of the network; the paper takes `small` where there are only tags.
  """
  return schema.Experiment(
      data=schema.Data(sources=[voc12()], parts=bundle,
                       augmentation=schema.Augmentation(crop=CROP, scales=(1.0, 1.0), flip=True)),
      network=largefov(field_of_view), method=method, training=caffe_training(STEPS),
      evaluation=schema.Evaluation(split=VAL, protocol=schema.Protocol(crf=CRF[field_of_view])))


def for_test(make, **splits):
  """Returns a row for the test set: that of the validation set, trained on with more images.

  `make` returns the row of the validation set; `splits` of it are trained on in the end.
  """
  row_of_val, experiment = make(), make(**splits)
  # Not through the attribute, which would merge the lists.
  vars(experiment)["steps"] = [*row_of_val.steps, schema.Step(
      name="validation_row", parts=row_of_val.data.parts, head=row_of_val.data.head,
      network=row_of_val.network, method=row_of_val.method, training=row_of_val.training)]
  experiment.network.pretrained, experiment.network.continues = "", "validation_row"
  experiment.training = caffe_training(TEST_STEPS)
  experiment.evaluation.split = NOWHERE
  return experiment


def weak_row(method, split=TRAIN_AUG):
  """Returns a row with the tags of a split only; `method` makes the `schema.Method`."""
  return row(method(), [parts.tags(split, BATCH)], field_of_view="small")


def semi_row(strong_split=TRAIN, weak_split=TRAIN_AUG, *, strong_count=0, weak_count=0):
  """Returns a row of EM-Fixed with masks and tags; see `parts.semi`."""
  bundle = parts.semi(strong_split, weak_split, BATCH, strong_count=strong_count,
                      weak_count=weak_count)
  return row(em_methods.em_fixed(), bundle)


def strong_row(split=TRAIN_AUG):
  """Returns a row with the masks of `split` only."""
  return row(em_methods.supervised(), [parts.masks(split, BATCH)])


# Name: (description, factory). The number is the paper's, mean IoU with CRF in per cent.
TABLE_1 = {
    "em_fixed_voc12": ("EM-Fixed, 10,582 tags; paper: 20.8 on val", functools.partial(
        weak_row, em_methods.em_fixed)),
    "em_adapt_voc12": ("EM-Adapt, 10,582 tags; paper: 38.2 on val", functools.partial(
        weak_row, em_methods.em_adapt)),
    "em_semi_200_voc12": ("EM-Fixed, 200 masks + 10,382 tags; paper: 47.6 on val",
                          functools.partial(semi_row, TRAIN, strong_count=200)),
    "em_semi_500_voc12": ("EM-Fixed, 500 masks + 10,082 tags; paper: 56.9 on val",
                          functools.partial(semi_row, TRAIN, strong_count=500)),
    "em_semi_750_voc12": ("EM-Fixed, 750 masks + 9,832 tags; paper: 59.8 on val",
                          functools.partial(semi_row, TRAIN, strong_count=750)),
    "em_semi_1000_voc12": ("EM-Fixed, 1,000 masks + 9,582 tags; paper: 62.0 on val",
                           functools.partial(semi_row, TRAIN, strong_count=1000)),
    "em_semi_1464_5000_voc12": ("EM-Fixed, 1,464 masks + 5,000 tags; paper: 63.2 on val",
                                functools.partial(semi_row, TRAIN, weak_count=5000)),
    "em_semi_1464_voc12": ("EM-Fixed, 1,464 masks + 9,118 tags; paper: 64.6 on val",
                           functools.partial(semi_row, TRAIN)),
    "supervised_1464_voc12": ("1,464 masks; paper: 62.5 on val",
                              functools.partial(strong_row, TRAIN)),
    "supervised_voc12": ("10,582 masks; paper: 67.6 on val",
                         functools.partial(strong_row, TRAIN_AUG)),
}
TABLE_2 = {
    "em_adapt_voc12_test": ("EM-Adapt, 12k tags; paper: 39.6 on test", functools.partial(
        for_test, functools.partial(weak_row, em_methods.em_adapt), split=TRAINVAL_AUG)),
    "em_semi_1464_voc12_test": ("EM-Fixed, 1.4k masks + 10k tags; paper: 66.2 on test",
                                functools.partial(for_test, semi_row, weak_split=TRAINVAL_AUG)),
    "em_semi_2913_voc12_test": ("EM-Fixed, 2.9k masks + 9k tags; paper: 68.5 on test",
                                functools.partial(for_test, semi_row, strong_split=TRAINVAL,
                                                  weak_split=TRAINVAL_AUG)),
    "supervised_voc12_test": ("12k masks; paper: 70.3 on test", functools.partial(
        for_test, strong_row, split=TRAINVAL_AUG)),
}

registry.register_all({**TABLE_1, **TABLE_2})
