"""Tables 2 and 3 of Xiao et al. (AAAI 2018) at the paper's own sizes, one experiment per row.

The splits of categories are not listed in the paper; they are read off its Table 2, where the rows
of other methods fall apart into categories with and without masks.
"""
import functools

from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import registry
from keras_weakseg.configs import transfer
from keras_weakseg.configs import transfer_small
from keras_weakseg.configs.sections import schema

_ONE = ("bicycle", "boat", "bus", "car", "cat", "chair", "cow", "diningtable", "person",
        "tvmonitor")
_OTHER = ("aeroplane", "bird", "bottle", "dog", "horse", "motorbike", "pottedplant", "sheep",
          "sofa", "train")
STRONG_3 = ("chair", "cow", "dog", "motorbike", "person", "train")
WEAK = {1: _OTHER, 2: _ONE,
        3: tuple(name for name in (*_ONE, *_OTHER) if name not in STRONG_3)}
# Those of VOC, as COCO calls them: weak in split 4.
WEAK_4 = ("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "boat", "bird",
          "cat", "dog", "horse", "sheep", "cow", "bottle", "chair", "couch", "potted plant",
          "dining table", "tv")
COCO, COCO_SPLIT = "coco", "trainval"

BATCH = em_paper.BATCH // 2     # of strong and of weak images
L_NET_STEPS = 3000              # 30 epochs of about 3,000 strong images in batches of 30
L_NET_STEPS_4 = 16000           # the same of 16,241 images of COCO
L_NET_DROPS = 3                 # thirds of a long training, as in the 6,000 steps of DeepLab
CRITIC_STEPS = 2000
JOINT_STEPS = 2000
JOINT_RATE = 1e-5
GRID = (41, 41)                 # of the scores of a crop of 321


def segmenter(split, images=em_paper.TRAIN_AUG):
  """Returns LargeFOV on VOC 2012 with the masks of some categories and the tags of the others."""
  if split == 4:
    return segmenter_of_coco(images)
  experiment = em_paper.row(em_methods.supervised(), transfer.bundle(images, BATCH))
  experiment.data.sources[0].weak = WEAK[split]
  experiment.evaluation.protocol.crf = ""  # Table 2 has none.
  return experiment


def segmenter_of_coco(images=em_paper.TRAIN_AUG):
  """Returns the segmenter of split 4: masks of the 60 other classes of COCO, tags of VOC.

  Both sources have the 81 classes of COCO, of which those of VOC are weak: an image of COCO that
  shows one of them has no mask to be read, and no image of VOC has. Figures are the mean over the
  21 classes of VOC; a pixel of VOC that is said to be of another class is wrong.
  """
  strong, weak = transfer.bundle(COCO_SPLIT, BATCH, tagged=images)
  strong.source, weak.rest = COCO, False
  experiment = em_paper.row(em_methods.supervised(), [strong, weak])
  voc, = experiment.data.sources
  voc.classes_of, voc.weak = COCO, WEAK_4
  experiment.data.sources.append(schema.Source(
      name=COCO, kind="tfds", dataset="weakseg_coco/2014", weak=WEAK_4))
  experiment.evaluation.source = voc.name
  experiment.evaluation.protocol.crf = ""
  experiment.evaluation.protocol.present_only = True
  return experiment


# What the paper says (section 3.2) and, where it says nothing, what such methods use.
DIFFUSION = dict(object_threshold=0.0, seed_threshold=0.5, sigma2=0.1)


def l_net_row(split, images=em_paper.TRAIN_AUG):
  """Returns the row "L-Net": self-diffusion, without P-Net."""
  experiment = segmenter(split, images)
  steps = L_NET_STEPS_4 if split == 4 else L_NET_STEPS
  drop_every = max(em_paper.DROP_EVERY, -(-steps // L_NET_DROPS))
  found = transfer.on_maps(experiment, transfer.before_segmenter(
      experiment, schema.network("cam_vgg16", pretrained="imagenet"),
      schema.make("diffused_maps", split=images, **DIFFUSION),
      l_net=em_paper.caffe_training(steps, drop_every)))
  return _whole_batches(found, transfer.L_NET)


def _whole_batches(experiment, name):
  """Gives a step that sees strong images alone as many in a batch as others see of both kinds."""
  for step in experiment.steps:
    if step.name == name:
      step.parts[0].batch_size = em_paper.BATCH
  return experiment


def p_net_row(split, images=em_paper.TRAIN_AUG, pretrained=True):
  """Returns the row "P-Net": the segmenter at a rate of 1e-5 against P-Net at 1e-3."""
  joint = em_paper.caffe_training(JOINT_STEPS)
  joint.optimization = schema.sgd_steps(JOINT_RATE, JOINT_STEPS, JOINT_STEPS, factor=0.1,
                                        momentum=0.9)
  return _whole_batches(transfer.judged(
      l_net_row(split, images), GRID, joint=joint, critic_steps=CRITIC_STEPS,
      pretrained=pretrained), transfer.CRITIC)


def test_row(split):
  """Returns the row of the test set: with the images of val, and a CRF."""
  experiment = p_net_row(split, em_paper.TRAINVAL_AUG)
  experiment.evaluation.split = em_paper.NOWHERE
  experiment.evaluation.protocol.crf = em_paper.CRF["large"]
  return experiment


def wssl_row(split):
  """Returns the row "WSSL": EM-Fixed on the same masks and tags."""
  return transfer_small.em_of(segmenter(split))


# Split: mean IoU in the paper in per cent: WSSL, L-Net, P-Net on val, P-Net on test with CRF.
PAPER = {1: (46.9, 59.6, 60.7, 64.6), 2: (48.3, 57.2, 58.5, 61.9), 3: (42.5, 56.4, 57.5, 59.5),
         4: (None, 55.3, 56.2, 58.0)}

for _split, (_wssl, _l_net, _p_net, _test) in PAPER.items():
  for _name, _text, _factory in (
      ("wssl_split_{}_voc12", f"EM-Fixed, split {_split}; paper: {_wssl} on val", wssl_row),
      ("l_net_split_{}_voc12", f"L-Net, split {_split}; paper: {_l_net} on val", l_net_row),
      ("p_net_split_{}_voc12", f"P-Net, split {_split}; paper: {_p_net} on val", p_net_row),
      ("p_net_no_pretraining_split_{}_voc12",
       f"P-Net not trained ahead, split {_split} of VOC 2012",
       functools.partial(p_net_row, pretrained=False)),
      ("p_net_split_{}_voc12_test", f"P-Net with CRF, split {_split}; paper: {_test} on test",
       test_row)):
    if _wssl or _factory is not wssl_row:
      registry.register(_name.format(_split), _text)(functools.partial(_factory, _split))
