"""Tables 2 and 3 of Xiao et al. (AAAI 2018) at the paper's own sizes, one experiment per row.

The splits of categories are not listed in the paper; they are read off its Table 2, where the rows
of other methods fall apart into categories with and without masks.
"""
import functools

from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import registry
from keras_weakseg.configs import schema
from keras_weakseg.configs import transfer
from keras_weakseg.configs import transfer_small

_ONE = ("bicycle", "boat", "bus", "car", "cat", "chair", "cow", "diningtable", "person",
        "tvmonitor")
_OTHER = ("aeroplane", "bird", "bottle", "dog", "horse", "motorbike", "pottedplant", "sheep",
          "sofa", "train")
STRONG_3 = ("chair", "cow", "dog", "motorbike", "person", "train")
WEAK = {1: _OTHER, 2: _ONE,
        3: tuple(name for name in (*_ONE, *_OTHER) if name not in STRONG_3)}

BATCH = em_paper.BATCH // 2     # of strong and of weak images
L_NET_STEPS = 3000              # 30 epochs of about 3,000 strong images in batches of 30
CRITIC_STEPS = 2000
JOINT_STEPS = 2000
JOINT_RATE = 1e-5
CRITIC_RATE = 1e-3
GRID = (41, 41)                 # of the scores of a crop of 321


def segmenter(split, images=em_paper.TRAIN_AUG):
  """Returns LargeFOV on VOC 2012 with the masks of some categories and the tags of the others."""
  experiment = em_paper.row(em_methods.supervised(), transfer.bundle(images, BATCH))
  experiment.data.sources[0].weak = WEAK[split]
  experiment.evaluation.protocol.crf = ""  # Table 2 has none.
  return experiment


def l_net_row(split, images=em_paper.TRAIN_AUG):
  """Returns the row "L-Net": self-diffusion, without P-Net."""
  experiment = segmenter(split, images)
  return transfer.on_maps(experiment, transfer.before_segmenter(
      experiment, schema.network("cam_vgg16", pretrained="imagenet"),
      schema.make("diffused_maps", split=images), l_net=em_paper.caffe_training(L_NET_STEPS)))


def p_net_row(split, images=em_paper.TRAIN_AUG, pretrained=True):
  """Returns the row "P-Net": the segmenter at a rate of 1e-5 against P-Net at 1e-3."""
  joint = em_paper.caffe_training(JOINT_STEPS)
  joint.optimization = schema.sgd_steps(JOINT_RATE, JOINT_STEPS, JOINT_STEPS, factor=0.1,
                                        momentum=0.9)
  return transfer.judged(
      l_net_row(split, images), GRID, joint=joint, critic_steps=CRITIC_STEPS,
      critic_optimization=functools.partial(transfer.adam, CRITIC_RATE), pretrained=pretrained)


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
PAPER = {1: (46.9, 59.6, 60.7, 64.6), 2: (48.3, 57.2, 58.5, 61.9), 3: (42.5, 56.4, 57.5, 59.5)}

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
    registry.register(_name.format(_split), _text)(functools.partial(_factory, _split))
