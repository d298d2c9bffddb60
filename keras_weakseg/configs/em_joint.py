"""Tables 5 and 6 of Papandreou et al. 2015 at the paper's own sizes: VOC and COCO together.

COCO 2014: 82,783 + 40,504 = 123,287 images. VOC's 20 classes are among COCO's 80, so the head has
81 classes, and VOC reads it through sums of probabilities. The paper says nothing of how a batch
is shared among data sets: every (data set, supervision) part has the same size here; masks weigh 1,
but .7 as the partner of tags, which weigh .3. With 15 images of COCO in a batch, 6,000 steps see
each of its images 0.73 times.
"""
import functools

from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

COCO = "coco"
COCO_ALL = "trainval"
STRONG_COCO = 5000
CRF, MULTI_SCALE_CRF = "deeplab_coco_released", "deeplab_msc_coco_released"
BATCH = em_paper.BATCH


def row(method, bundle):
  """Returns the experiment of one row: parts of VOC, and then of COCO, on the head of COCO."""
  experiment = em_paper.row(method, bundle)
  experiment.data.sources.append(
      schema.Source(name=COCO, kind="tfds", dataset="weakseg_coco/2014"))
  experiment.data.head = COCO
  experiment.evaluation.protocol.crf = CRF
  return experiment


def coco_tags():
  """Returns EM-Fixed with the masks of VOC and the tags of COCO."""
  strong = parts.masks(em_paper.TRAIN_AUG, BATCH // 2, weight=parts.STRONG_WEIGHT)
  weak = parts.tags(COCO_ALL, BATCH // 2, weight=parts.WEAK_WEIGHT, source=COCO)
  return row(em_methods.em_fixed(), [strong, weak])


def joint(split=em_paper.TRAIN_AUG, count=0):
  """Returns Cross-Joint (Strong): the masks of VOC and of `count` images of COCO, 0 = all."""
  bundle = [parts.masks(split, BATCH // 2),
            parts.masks(COCO_ALL, BATCH // 2, count=count, source=COCO)]
  return row(em_methods.supervised(), bundle)


def joint_semi(split=em_paper.TRAIN_AUG, count=STRONG_COCO):
  """Returns Cross-Joint (Semi): `count` masks of COCO, and the tags of all its other images."""
  third = BATCH // 3
  semi = parts.semi(COCO_ALL, COCO_ALL, 2 * third, strong_count=count, source=COCO)
  return row(em_methods.em_fixed(), [parts.masks(split, third), *semi])


def pretrain(split=em_paper.TRAIN_AUG):
  """Returns Cross-Pretrain (Strong): all masks of COCO first, then a new classifier for VOC."""
  experiment = row(em_methods.supervised(), [parts.masks(split, BATCH)])
  experiment.data.head = ""
  experiment.steps = [schema.Step(
      name="coco", parts=[parts.masks(COCO_ALL, BATCH, source=COCO)], network=experiment.network,
      method=experiment.method, training=em_paper.caffe_training(experiment.training.steps))]
  experiment.network = schema.going_on(em_paper.largefov("large"), "coco")
  return experiment


def for_test(make):
  """Returns the row of the test set; `make` is `joint` or `pretrain`. See `em_paper.for_test`."""
  return em_paper.for_test(make, split=em_paper.TRAINVAL_AUG)


def with_multi_scale_features(make):
  """Returns a row of the test set on DeepLab-MSc: its branches learn on the finished row."""
  experiment = for_test(make)
  experiment.steps.append(schema.Step(
      name="single_scale", parts=experiment.data.parts, head=experiment.data.head,
      network=experiment.network, method=experiment.method, training=experiment.training))
  network = schema.going_on(em_paper.largefov("large"), "single_scale")
  # The classifier sees more channels than the one of a single scale: it is new too.
  network.starts = "encoder"
  network.largefov_vgg16.multi_scale_features = True
  experiment.network = network
  experiment.training = em_paper.caffe_training(experiment.training.steps)
  # Only the new layers learn.
  experiment.training.multipliers = [
      schema.Multiplier(pattern="head.*bias", learning_rate=20.0, weight_decay=0.0),
      schema.Multiplier(pattern="head", learning_rate=10.0),
      schema.Multiplier(pattern=".*", learning_rate=0.0, weight_decay=0.0),
  ]
  experiment.evaluation.protocol.crf = MULTI_SCALE_CRF
  return experiment


# Name: (description, factory). The number is the paper's, mean IoU with CRF in per cent.
TABLE_5 = {
    "em_semi_coco_tags_voc12": (
        "EM-Fixed, 10,582 masks of VOC + 123,287 tags of COCO; paper: 67.7 on val", coco_tags),
    "cross_joint_semi_5000_voc12": (
        "Cross-Joint, VOC, 5,000 masks + 118,287 tags of COCO; paper: 70.0 on val",
        joint_semi),
    "cross_joint_5000_voc12": (
        "Cross-Joint, 10,582 masks of VOC + 5,000 of COCO; paper: 68.7 on val",
        functools.partial(joint, count=STRONG_COCO)),
    "cross_pretrain_voc12": (
        "Cross-Pretrain, 123,287 masks of COCO, then 10,582 of VOC; paper: 71.0 on val", pretrain),
    "cross_joint_voc12": (
        "Cross-Joint, 10,582 masks of VOC + 123,287 of COCO; paper: 71.7 on val", joint),
}
TABLE_6 = {
    "cross_pretrain_voc12_test": ("Cross-Pretrain, 12k masks of VOC; paper: 72.7 on test",
                                  functools.partial(for_test, pretrain)),
    "cross_joint_voc12_test": ("Cross-Joint, 12k masks of VOC; paper: 73.0 on test",
                               functools.partial(for_test, joint)),
    "cross_pretrain_msc_voc12_test": (
        "Cross-Pretrain on the multi-scale net; paper: 73.6 on test",
        functools.partial(with_multi_scale_features, pretrain)),
    "cross_joint_msc_voc12_test": (
        "Cross-Joint on the multi-scale net; paper: 73.9 on test",
        functools.partial(with_multi_scale_features, joint)),
}

registry.register_all({**TABLE_5, **TABLE_6})
