"""Tables 5 and 6 of Papandreou et al. 2015 at the paper's own sizes: VOC and COCO together.

COCO 2014: 82,783 + 40,504 = 123,287 images. VOC's 20 classes are among COCO's 80, so the head has
81 classes, and VOC reads it through sums of probabilities. The paper says nothing of how a batch
is shared among data sets: every (data set, supervision) part has the same size here; masks weigh 1,
but .7 as the partner of tags, which weigh .3.
"""
import functools

from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs import schema

COCO = "coco"
COCO_ALL = "trainval"
STRONG_COCO = 5000
CRF = "deeplab_coco"
BATCH = em_paper.BATCH


def coco(part):
  """Returns a part of COCO instead of the first source."""
  part.source = COCO
  return part


def row(method, bundle, *, steps=em_paper.STEPS, scored_on=em_paper.VAL):
  """Returns the experiment of one row: parts of VOC and of COCO on the head of COCO.

  Args:
    method: a `schema.Method`.
    bundle: list of `schema.Part`, the first one of VOC.
    steps, scored_on: as of `em_paper.row`.
  """
  experiment = em_paper.row(method, bundle, steps=steps, scored_on=scored_on)
  experiment.data.sources.append(
      schema.Source(name=COCO, kind="tfds", dataset="weakseg_coco/2014"))
  experiment.data.head = COCO
  experiment.evaluation.protocol.crf = CRF
  return experiment


def coco_tags(**options):
  """Returns EM-Fixed with the masks of VOC and the tags of COCO."""
  strong = parts.masks(em_paper.TRAIN_AUG, BATCH // 2, weight=parts.STRONG_WEIGHT)
  weak = coco(parts.tags(COCO_ALL, BATCH // 2, weight=parts.WEAK_WEIGHT))
  return row(em_methods.em_fixed(), [strong, weak], **options)


def joint(split=em_paper.TRAIN_AUG, count=0, **options):
  """Returns Cross-Joint (Strong): the masks of VOC and of `count` images of COCO, 0 = all."""
  bundle = [parts.masks(split, BATCH // 2), coco(parts.masks(COCO_ALL, BATCH // 2, count=count))]
  return row(em_methods.supervised(), bundle, **options)


def joint_semi(split=em_paper.TRAIN_AUG, count=STRONG_COCO, **options):
  """Returns Cross-Joint (Semi): `count` masks of COCO, and the tags of all its other images."""
  third = BATCH // 3
  semi = parts.semi(COCO_ALL, COCO_ALL, 2 * third, strong_count=count)
  return row(em_methods.em_fixed(), [parts.masks(split, third), *map(coco, semi)], **options)


def pretrain(split=em_paper.TRAIN_AUG, **options):
  """Returns Cross-Pretrain (Strong): all masks of COCO first, then a new classifier for VOC."""
  experiment = row(em_methods.supervised(), [parts.masks(split, BATCH)], **options)
  experiment.data.head = ""
  experiment.steps = [schema.Step(
      name="coco", parts=[coco(parts.masks(COCO_ALL, BATCH))], network=experiment.network,
      method=experiment.method, training=em_paper.caffe_training(experiment.training.steps))]
  experiment.network = em_paper.largefov("large")
  experiment.network.pretrained = ""
  experiment.network.continues = "coco"
  return experiment


def with_multi_scale_features(make, **options):
  """Returns a row on DeepLab-MSc: its branches and classifier are trained on the finished row.

  Args:
    make: `joint` or `pretrain`.
    **options: of it.
  """
  experiment = make(**options)
  experiment.steps.append(schema.Step(
      name="single_scale", parts=experiment.data.parts, head=experiment.data.head,
      network=experiment.network, method=experiment.method, training=experiment.training))
  network = em_paper.largefov("large")
  network.pretrained = ""
  network.continues = "single_scale"
  network.largefov_vgg16.multi_scale_features = True
  experiment.network = network
  experiment.training = em_paper.caffe_training(experiment.training.steps)
  # Only the new layers learn.
  experiment.training.multipliers = [
      schema.Multiplier(pattern="head.*bias", learning_rate=20.0, weight_decay=0.0),
      schema.Multiplier(pattern="head", learning_rate=10.0),
      schema.Multiplier(pattern=".*", learning_rate=0.0, weight_decay=0.0),
  ]
  experiment.evaluation.protocol.crf = "deeplab_msc"
  return experiment


_TEST = {"split": em_paper.TRAINVAL_AUG, "steps": em_paper.TEST_STEPS,
         "scored_on": em_paper.NOWHERE}

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
                                  functools.partial(pretrain, **_TEST)),
    "cross_joint_voc12_test": ("Cross-Joint, 12k masks of VOC; paper: 73.0 on test",
                               functools.partial(joint, **_TEST)),
    "cross_pretrain_msc_voc12_test": (
        "Cross-Pretrain on the multi-scale net; paper: 73.6 on test",
        functools.partial(with_multi_scale_features, pretrain, **_TEST)),
    "cross_joint_msc_voc12_test": (
        "Cross-Joint on the multi-scale net; paper: 73.9 on test",
        functools.partial(with_multi_scale_features, joint, **_TEST)),
}

for _name, (_description, _factory) in {**TABLE_5, **TABLE_6}.items():
  registry.register(_name, _description)(_factory)
