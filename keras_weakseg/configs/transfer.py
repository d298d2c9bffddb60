"""The steps of Xiao et al. (AAAI 2018) on any data: L-Net, CAM, label maps, segmenter, P-Net."""
import copy
from typing import Tuple

from keras_weakseg import errors
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import own_data
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema
from keras_weakseg.networks import registry as networks
from keras_weakseg.options import Count, CountOrNone, Weight

L_NET, CAM, MAPS, SEGMENTER, CRITIC = "l_net", "cam", "maps", "segmenter", "critic"

# === What may be tuned ===

STRENGTH = 0.01         # lambda; the paper does not say
CRITIC_RATE = 1e-3      # the paper's
JOINT_FACTOR = 0.1      # of the segmenter's own rate, once it is judged
OWN_BATCH = 8
OWN_STEPS = 1000        # of each training but the joint one
OWN_JOINT_STEPS = 500


def bundle(split, batch_size, *, tagged=""):
  """Returns the parts of strong images, with masks, and of weak ones, with tags.

  Args:
    split: of the masks.
    batch_size: of each.
    tagged: split of the tags; empty = the same.
  """
  return [parts.masks(split, batch_size, weight=0.5),
          parts.tags(tagged or split, batch_size, weight=0.5, rest=True)]


def before_segmenter(experiment, cam, make, *, l_net=None, cam_augmentation=None,
                     cam_training=None):
  """Returns the steps that make label maps of weak images: L-Net, CAM, maps.

  Args:
    experiment: `schema.Experiment` of the segmenter, with the parts of `bundle`.
    cam: `schema.Network` of class activation maps.
    make: `schema.Make` of the maps.
    l_net: `schema.Training` of L-Net; None = that of the segmenter.
    cam_augmentation, cam_training: of CAM; None = those of the segmenter.
  """
  masks, _ = experiment.data.parts
  augmentation = copy.deepcopy(cam_augmentation or experiment.data.augmentation)
  if cam_augmentation is None:
    augmentation.scales = (1.0, 1.0)
  strong = copy.deepcopy(masks)
  strong.weight = 1.0
  return [
      schema.Step(name=L_NET, parts=[strong], network=copy.deepcopy(experiment.network),
                  method=schema.method("object_network"),
                  training=copy.deepcopy(l_net or experiment.training)),
      schema.Step(name=CAM, parts=copy.deepcopy(experiment.data.parts), augmentation=augmentation,
                  network=cam, method=schema.method("tags"),
                  training=copy.deepcopy(cam_training or experiment.training)),
      schema.Step(name=MAPS, make=make, reads=(L_NET, CAM))]


def on_maps(experiment, steps):
  """Returns the experiment of a segmenter that learns from masks and label maps of tags.

  Args:
    experiment: `schema.Experiment` of the segmenter.
    steps: of `before_segmenter`.
  """
  experiment = copy.deepcopy(experiment)
  experiment.steps = steps
  experiment.data.sources[0].derived = (MAPS,)
  experiment.method = schema.method("tag_labels")
  return experiment


def judged(experiment, grid, *, joint, critic_steps, strength=STRENGTH, pretrained=True):
  """Returns the experiment of `on_maps`, whose segmenter is then trained on against P-Net.

  Args:
    experiment: `schema.Experiment` of `on_maps`.
    grid: (height, width) of the scores of a crop, at least 8.
    joint: `schema.Training` of the segmenter against P-Net.
    critic_steps: updates of P-Net alone, on strong categories.
    strength: lambda.
    pretrained: train P-Net alone first.
  """
  experiment = copy.deepcopy(experiment)
  critic = schema.other_network("p_net", grid=tuple(grid))
  segmenter = schema.Step(
      name=SEGMENTER, parts=copy.deepcopy(experiment.data.parts),
      network=copy.deepcopy(experiment.network), method=experiment.method,
      training=copy.deepcopy(experiment.training))
  experiment.steps.append(segmenter)
  network = schema.going_on(experiment.network, SEGMENTER)
  if pretrained:
    strong = copy.deepcopy(experiment.data.parts[0])
    strong.weight = 1.0
    experiment.steps.append(schema.Step(
        name=CRITIC, parts=[strong], network=copy.deepcopy(network),
        networks=schema.Networks(critic=copy.deepcopy(critic)),
        method=schema.method("adversarial", trains="critic"),
        training=schema.Training(steps=critic_steps, weight_decay=0.0,
                                 optimization=em_scenes.adam(CRITIC_RATE, critic_steps))))
    critic.continues = CRITIC
  experiment.network, experiment.networks = network, schema.Networks(critic=critic)
  experiment.method = schema.method("adversarial", strength=strength)
  experiment.training = joint  # This copies.
  experiment.training.updaters = schema.Updaters(critic=schema.Updates(
      weight_decay=0.0, optimization=em_scenes.adam(CRITIC_RATE, joint.steps)))
  return experiment


@registry.register_recipe("transfer")
def transfer(*, weak: Tuple[str, ...] = (), strong: Tuple[str, ...] = (),
             steps: Count = OWN_STEPS, strength: Weight = STRENGTH,
             joint_steps: CountOrNone = OWN_JOINT_STEPS):
  """Segments categories that have tags alone, by what it learns of those with masks.

  Args:
    weak: categories without masks: of an image whose tags name one, only tags are read.
    strong: categories with masks; empty = all others.
    steps: updates of each training before the joint one.
    strength: weight of the critic's judgement.
    joint_steps: updates of segmenter and critic against each other; 0 = no critic.
  """
  if not weak:
    raise errors.value_error(
        "The recipe 'transfer' does not know which categories have no masks.",
        expected="weak, a list of class names", received="none",
        fix="Pass weak=['dog', 'horse'].")
  base = own_data.own_data()
  source = schema.Source(name="photos", kind="folder", path="photos", weak=tuple(weak),
                         strong=tuple(strong))
  base.data.sources, base.data.parts = [source], bundle("train", OWN_BATCH)
  base.training = own_data.training(steps)
  found = on_maps(base, before_segmenter(
      base, schema.network("light_cam", pretrained=base.network.pretrained),
      schema.make("diffused_maps", split="train")))
  if not joint_steps:
    return found
  # The options say the stride of the trunk; scores may be finer.
  stride = networks.network_record(base.network.type, **base.network.options()).stride
  grid = [(side - 1) // stride + 1 for side in own_data.CROP]
  return judged(found, grid, joint=own_data.training(
      joint_steps, own_data.LEARNING_RATE * JOINT_FACTOR),
                critic_steps=max(1, steps // 2), strength=strength)
