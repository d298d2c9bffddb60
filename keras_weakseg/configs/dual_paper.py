"""Tables 3 and 5 of Luo et al., ICCV 2017, at the paper's sizes, one experiment per row.

Masks: the 2,913 of VOC 2012 `trainval`. Tags: those of the other images of VOC and SBD, and of
40,000 images of the web (IDW), whose tags were read from sentences and are noisy. IDW is not
public: any folder `idw` of images with `tags.json` takes its place. Solver and shares of a batch
are not given in the paper; they are those of DeepLab-v2 here.
"""
import functools

from keras_weakseg.configs import dual_stages
from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

CROP = (353, 353)            # u1 is 45x45x2048
SCALES = (0.5, 1.5)
LEARNING_RATE = 2.5e-4
WEIGHT_DECAY = 5e-4
BATCH = 10
LENGTHS = dual_stages.Lengths(labels=20000, image=5000, joint=10000, semi=20000)
IDW = "idw"

# (t_tr, t_ts): mean IoU of the test sets of VOC 2012 and of IDW, in per cent; IDW where told.
TABLE = {(0, 0): (80.0, None), (5, 0): (84.6, 56.6), (5, 10): (85.4, 58.0), (5, 30): (86.2, 59.0),
         (10, 0): (85.5, 57.5), (10, 10): (85.9, 58.8), (10, 30): (86.4, 59.8),
         (30, 0): (86.3, None), (30, 10): (86.5, None), (30, 30): (86.8, None)}


def training(steps):
  """Returns the solver of DeepLab-v2: "poly", the new layers ten times as fast."""
  return schema.Training(
      steps=steps, weight_decay=WEIGHT_DECAY, optimization=schema.sgd(LEARNING_RATE, steps),
      multipliers=[
          schema.Multiplier(pattern="head.*bias", learning_rate=20.0, weight_decay=0.0),
          schema.Multiplier(pattern="head", learning_rate=10.0)])


def masks():
  """Returns the part of the 2,913 masks alone."""
  return [parts.masks(em_paper.TRAINVAL, BATCH)]


def semi():
  """Returns masks, tags of VOC and tags of the web, about a third of a batch each, weights 1."""
  return [parts.masks(em_paper.TRAINVAL, BATCH - 6),
          parts.tags(em_paper.TRAINVAL_AUG, 3, rest=True), parts.tags("train", 3, source=IDW)]


def row(network, method, bundle, web=True):
  """Returns an experiment at the paper's sizes; the masks of the test set are not public.

  Args:
    network: `schema.Network`.
    method: `schema.Method`.
    bundle: list of `schema.Part`.
    web: whether the images of the web are among the data.
  """
  sources = [em_paper.voc12()]
  if web:
    sources.append(schema.Source(name=IDW, kind="folder", path=IDW))
  return schema.Experiment(
      data=schema.Data(sources=sources, parts=bundle,
                       augmentation=schema.Augmentation(crop=CROP, scales=SCALES, flip=True)),
      network=network, method=method, training=training(LENGTHS.semi),
      evaluation=schema.Evaluation(split=em_paper.NOWHERE))


def baseline():
  """Returns DeepLab-v2 on the masks alone."""
  return row(schema.network("deeplab_v2_resnet101", pretrained="imagenet"),
             em_methods.supervised(), masks(), web=False)


def wssl():
  """Returns EM-Fixed on the same masks and tags."""
  return row(schema.network("deeplab_v2_resnet101", pretrained="imagenet"), em_methods.em_fixed(),
             semi())


def dual(train_steps, test_steps):
  """Returns dual learning of `train_steps` (t_tr) and `test_steps` (t_ts) of inference."""
  experiment = row(schema.network("dual_network", pretrained="imagenet"), None, semi())
  return dual_stages.stages(experiment, masks(), semi(), LENGTHS, training,
                            inference_steps=train_steps, test_steps=test_steps)


registry.register("dual_baseline_voc12_test", "DeepLab-v2 on 2.9k masks; paper: 74.2 on test")(
    baseline)
registry.register("dual_wssl_voc12_test", "EM-Fixed on masks, VOC and web tags; paper: 81.9")(wssl)
for (_train, _test), (_voc, _) in TABLE.items():
  registry.register(f"dual_{_train}_{_test}_voc12_test",
                    f"Dual learning, t_tr = {_train}, t_ts = {_test}; paper: {_voc} on test")(
                        functools.partial(dual, _train, _test))
