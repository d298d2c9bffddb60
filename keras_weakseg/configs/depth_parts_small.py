"""Parts of persons with and without predicted depth, pruned and whole: on two cores."""
from keras_weakseg.configs import depth_parts_steps as steps
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import own_data
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema
from keras_weakseg.options import Count, Share

# === What may be tuned ===

# Parts are a hundredth of the pixels: 600 steps find hardly any (mIoU 17), 1,200 large ones (31).
SIZE = (96, 192)            # of images that Model-Depth sees, multiples of 32
DEPTH_WIDTH = 0.25
DEPTH_STEPS = 400
DEPTH_RATE = 0.002
DEPTH_BATCH = 4
STEPS = 1500                # of Model-Seg on colours
TUNING_STEPS = 200          # after each pruning
DEPTH_CHANNEL_STEPS = 400   # on colours and depth
TUNING_RATE = 0.002
# Half of the channels in four steps of one ratio, each below 20 %, as in the paper.
RATIO = round(0.5 ** 0.25, 4)
TWICE = (round(0.5 ** 0.5, 4),) * 2
# Crops of `em_scenes`: what the operations of a pass are counted for.
COST_SIZE = em_scenes.CROP

PARTS, PHOTOS, OF_DEPTH = "parts", "photos", "depth"


def parts_source():
  """Returns the embedded scenes with the parts of persons as classes."""
  return schema.Source(name=PARTS, kind="tfds", dataset="weakseg_scenes", parts=True)


def tuning(count=TUNING_STEPS):
  """Returns the schedule after a pruning."""
  return em_scenes.training(count, TUNING_RATE)


def on_parts(count=STEPS):
  """Returns parts of persons from colours, from scratch."""
  experiment = em_scenes.on_scenes(schema.method("supervised"),
                                   [parts.masks(em_scenes.TRAIN, em_scenes.BATCH)])
  experiment.data.sources = [parts_source()]
  experiment.training = em_scenes.training(count)
  return experiment


def depth_step(source, count=DEPTH_STEPS, size=SIZE, width=DEPTH_WIDTH):
  """Returns the step that trains Model-Depth, a light hourglass, on true depth.

  Args:
    source: name of the source with depth.
    count: steps.
    size: height and width of its images.
    width: of the hourglass.
  """
  return schema.Step(
      name=steps.DEPTH, network=schema.network("light_hourglass", width=width),
      method=schema.method("supervised_depth"),
      parts=[schema.Part(source=source, split="train", supervision="depth",
                         batch_size=DEPTH_BATCH)],
      augmentation=schema.Augmentation(crop=(), resize=size, scales=(1.0, 1.0)),
      training=em_scenes.training(count, DEPTH_RATE))


registry.register_all({
    # Trained as long as Model-Seg of `depth_parts_scenes` in all its steps.
    "parts_scenes": (
        "Parts of persons in the embedded scenes, from colours",
        lambda: on_parts(STEPS + len(TWICE) * TUNING_STEPS + DEPTH_CHANNEL_STEPS)),
    "pruned_parts_scenes": (
        "The same with half of the channels, in four steps",
        lambda: steps.pruned(on_parts(), (RATIO,) * 4, tuning(), size=COST_SIZE)),
    # One pruning, and the training of all four.
    "one_shot_parts_scenes": (
        "The same, half of the channels at once",
        lambda: steps.pruned(on_parts(), (0.5,), tuning(4 * TUNING_STEPS), size=COST_SIZE)),
})


@registry.register("depth_parts_scenes", "Parts of the scenes, pruned, with predicted depth")
def depth_parts_scenes():
  """Returns the whole recipe: Model-Depth, Model-Seg, two prunings, and depth as a channel."""
  experiment = on_parts()
  experiment.data.sources.append(
      schema.Source(name=OF_DEPTH, kind="tfds", dataset="weakseg_scenes"))
  return steps.with_depth(experiment, depth_step(OF_DEPTH), TWICE, tuning(),
                          tuning(DEPTH_CHANNEL_STEPS), size=COST_SIZE)


@registry.register_recipe("depth_parts")
def depth_parts(*, keep: Share = 0.5, prunings: Count = 4, depth_steps: Count = 2000,
                steps_of_colours: Count = 1000, tuning_steps: Count = 200,
                last_steps: Count = 500):
  """Segments with predicted depth as a fourth channel, and a network that is pruned on the way.

  The source `photos` has masks, the source `depth` true depth; they may be the same.

  Args:
    keep: share of the channels of the network of classes that stay in the end; 1 = all.
    prunings: steps in which the others go, each followed by training.
    depth_steps: of the network of depth.
    steps_of_colours: of the network of classes before it is pruned.
    tuning_steps: after each pruning.
    last_steps: with depth.
  """
  experiment = registry.build("own_data")
  experiment.method = schema.method("supervised")
  experiment.data.sources = [schema.Source(name=PHOTOS, path=PHOTOS),
                             schema.Source(name=OF_DEPTH, path=OF_DEPTH)]
  experiment.data.parts = [schema.Part(source=PHOTOS, split="train", batch_size=em_scenes.BATCH)]

  slower = own_data.LEARNING_RATE / 4
  experiment.training = own_data.training(steps_of_colours)
  ratios = () if keep == 1 else (keep ** (1 / prunings),) * prunings
  return steps.with_depth(
      experiment, depth_step(OF_DEPTH, depth_steps, size=(256, 320), width=0.5), ratios,
      own_data.training(tuning_steps, slower), own_data.training(last_steps, slower))
