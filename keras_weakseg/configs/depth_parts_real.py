"""Depth as a channel and pruned networks on photographs: NYUv2 and Clothing Co-Parsing.

All rows on one data set share the first training, on colours alone; only what follows differs, and
is equally long. Rows with depth read it from one run of `depth_nyuv2`.
"""
from keras_weakseg.configs import depth_parts_small as small
from keras_weakseg.configs import depth_parts_steps as steps
from keras_weakseg.configs import em_animals
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

# First guesses: nothing has been searched here yet. `val` is there for it, never `test`.
BATCH = 8
RATE = 0.01
COLOUR_STEPS = 200
LAST_RATE = 0.004
LAST_STEPS = 160            # on colours, on colours and depth, or after all prunings
SCALES = (0.75, 1.25)
ROOM_CROP = (161, 209)      # of images of 240x320
PHOTO_CROP = (241, 177)     # of images of at most 413 pixels
DEPTH_SIZE = (192, 256)
DEPTH_STEPS = 600
DEPTH_RUN = "depth_nyuv2"   # a model_dir; see official_configs/depth_parts
CHANNELS = (861, 724, 609, 512)         # of 1024: the fewest equal steps below a fifth
# What DeepLab-v2's parallel layers read, the light head reads at its first layer.
PRUNING = {"schedule": "parallel", "layers": "(^|/)head_reduce$", "size": PHOTO_CROP}

ROOMS, PHOTOS = "rooms", "photos"
# `official_configs/depth_parts/groups/ccp_parts.yaml`, wherever the library is called from.
CCP_PARTS = (
    "head=hair+hat+glasses+sunglasses+earrings",
    "skin",
    "upper_body=blazer+blouse+bra+cape+cardigan+coat+hoodie+jacket+jumper+necklace+scarf+shirt+"
    "sweater+sweatshirt+t-shirt+tie+top+vest",
    "full_body=bodysuit+dress+intimate+romper+suit+swimwear",
    "lower_body=jeans+leggings+panties+pants+shorts+skirt+stockings+tights",
    "feet=boots+clogs+flats+heels+loafers+pumps+sandals+shoes+sneakers+socks+wedges",
    "carried=accessories+bag+belt+bracelet+gloves+purse+ring+wallet+watch")


def last(count=LAST_STEPS):
  """Returns the schedule of what follows the training on colours."""
  return em_animals.training(count, LAST_RATE)


def on(source, crop):
  """Returns the training on colours, from ImageNet weights.

  Args:
    source: `schema.Source` with masks.
    crop: height and width.
  """
  return schema.Experiment(
      data=schema.Data(sources=[source], parts=[parts.masks("train", BATCH)],
                       augmentation=schema.Augmentation(crop=crop, scales=SCALES)),
      network=em_animals.imagenet_mobilenet(), method=schema.method("supervised"),
      training=em_animals.training(COLOUR_STEPS, RATE), evaluation=schema.Evaluation(split="test"))


def rooms():
  """Returns the source NYUv2: masks and depth."""
  return schema.Source(name=ROOMS, kind="nyuv2")


def of_rooms():
  """Returns the step that names the run which has learned depth on NYUv2's training images."""
  return schema.Step(make=schema.make("run", path=DEPTH_RUN))


def on_photos():
  """Returns Clothing Co-Parsing, its garments joined to parts of the body."""
  return on(schema.Source(name=PHOTOS, kind="ccp", groups=CCP_PARTS), PHOTO_CROP)


@registry.register("colours_nyuv2", "NYUv2 from colours")
def colours_nyuv2():
  """Returns the row without depth."""
  return steps.continued(on(rooms(), ROOM_CROP), last())


@registry.register("depth_nyuv2", "Depth from the training images of NYUv2, a light hourglass")
def depth_nyuv2():
  """Returns Model-Depth of the rows with depth, of NYUv2 and of CCP."""
  step = small.depth_step(ROOMS, DEPTH_STEPS, DEPTH_SIZE)
  return schema.Experiment(
      data=schema.Data(sources=[rooms()], parts=step.parts, augmentation=step.augmentation),
      network=step.network, method=step.method, training=step.training,
      evaluation=schema.Evaluation(split="test"))


@registry.register("depth_channel_nyuv2", "NYUv2 from colours and the depth that is learned there")
def depth_channel_nyuv2():
  """Returns the row with the depth of a hourglass, which was trained on the training images."""
  return steps.with_depth(on(rooms(), ROOM_CROP), of_rooms(), (), last(), last())


@registry.register("true_depth_nyuv2", "NYUv2 from colours and its true depth: an upper bound")
def true_depth_nyuv2():
  """Returns the row that sees the depth of the data in place of what a hourglass says of it."""
  experiment = colours_nyuv2()
  experiment.network.sees_depth = True
  experiment.data.parts[0].supervision = "mask+depth"
  return experiment


registry.register_all({
    "parts_ccp": ("Parts of Clothing Co-Parsing from colours",
                  lambda: steps.continued(on_photos(), last())),
    # Photographs of CCP have no depth of their own.
    "depth_parts_ccp": ("The same from colours and depth as learned on NYUv2",
                        lambda: steps.with_depth(on_photos(), of_rooms(), (), last(), last())),
    "pruned_parts_ccp": (
        "Parts of CCP, half of the head's input in four steps", lambda: steps.pruned(
            on_photos(), CHANNELS, last(LAST_STEPS // len(CHANNELS)), **PRUNING)),
    # One pruning, and the training of all four.
    "one_shot_parts_ccp": ("Parts of CCP, half of the head's input at once", lambda: steps.pruned(
        on_photos(), CHANNELS[-1:], last(), **PRUNING)),
})
