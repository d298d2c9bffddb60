"""Joint training that runs here: two label spaces of the scenes, photographs of VOC and COCO."""
from keras_weakseg.configs import em_animals
from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

GROUPED, COCO = "grouped", "coco"
# The coarse label space of the scenes: what a cheaper annotation might tell apart.
GROUPS = ("person", "vehicle=car+bus", "animal=dog+horse")
FEW_MASKS = 50


@registry.register("cross_joint_scenes",
                   f"Cross-Joint on the embedded scenes, {em_scenes.FEW_MASKS} masks of 6 classes, "
                   "others of 4 classes")
def cross_joint_scenes():
  """Returns the few masks of `supervised_scenes` and the other masks in grouped classes."""
  coarse = parts.masks(em_scenes.TRAIN, em_scenes.BATCH, source=GROUPED, rest=True)
  experiment = em_scenes.on_scenes(em_methods.supervised(), [
      parts.masks(em_scenes.TRAIN, em_scenes.BATCH, count=em_scenes.FEW_MASKS), coarse])
  fine = experiment.data.sources[0]
  experiment.data.sources.append(schema.Source(
      name=GROUPED, kind=fine.kind, dataset=fine.dataset, groups=GROUPS))
  experiment.data.head = fine.name
  return experiment


@registry.register("cross_joint_50_voc_animals",
                   f"Cross-Joint, {FEW_MASKS} masks of VOC12-animals and 200 of COCO on one head")
def cross_joint_voc_animals():
  """Returns the masks of `supervised_50_voc_animals` and the small sample of COCO.

  The bias of the classifier starts at zero: of the 81 channels, VOC reads 75 as the background,
  which is likely from the start.
  """
  other = parts.masks("train+val", em_animals.BATCH, source=COCO)
  experiment = em_animals.on_animals(em_methods.supervised(), [
      parts.masks(em_animals.TRAIN, em_animals.BATCH, count=FEW_MASKS), other],
                                     steps=em_animals.SEMI_STEPS)
  experiment.data.sources.append(schema.Source(name=COCO, kind="coco_sample", path="coco128"))
  experiment.data.head = COCO
  return experiment
