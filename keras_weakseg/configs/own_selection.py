"""Choosing among somebody's own images in rounds, with a student of depth: what `select` runs."""
import functools

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import own_data
from keras_weakseg.configs import selection_steps
from keras_weakseg.configs.sections import schema

IMAGES = "images"
RUN, DISPARITY = "depth", "disparity"
BATCH, LEARNING_RATE = 4, 1e-3


def own_selection(run, size, split, counts, criterion, steps, seed, **options):
  """Returns the experiment whose last step but one has chosen all images.

  Its own training is that of a student on all that is chosen, which a selection stops before.

  Args:
    run: model_dir of a depth network.
    size: (height, width) at which it and its student see the images, multiples of 32.
    split: of the source `IMAGES`.
    counts: images chosen after each round, rising.
    criterion: one that asks for a student of depth.
    steps: of training a student.
    seed: chooses the first image.
    **options: of `derived.selection.Selection`.
  """
  network = schema.network("light_depth", pretrained="imagenet_if_available")
  method = schema.method("supervised_depth", loss="berhu")
  training = schema.Training(
      steps=steps, weight_decay=0.0, log_every=max(1, min(50, steps)),
      optimization=depth_methods.adam_with_poly(LEARNING_RATE, steps))

  def part(ids):
    return schema.Part(split=split, supervision="none", ids=f"step:{ids}", batch_size=BATCH)

  def student(name, ids, number):
    del number
    return schema.Step(name=name, parts=[part(ids)], network=network, method=method,
                       training=training)

  choose = functools.partial(schema.make, "selection", split=split, counts=tuple(counts),
                             criterion=criterion, size=tuple(size), **options)
  rounds = selection_steps.in_rounds(counts, criterion, choose, student, (RUN,))
  return schema.Experiment(
      seed=seed, steps=[
          schema.Step(name=RUN, make=schema.make("run", path=run)),
          schema.Step(name=DISPARITY, reads=(RUN,), make=schema.make(
              "disparity_maps", split=split, size=tuple(size), normalise="image")), *rounds],
      data=schema.Data(
          sources=[schema.Source(name=IMAGES, derived=(DISPARITY,))],
          parts=[part(rounds[-1].name)],
          augmentation=depth_methods.monodepth2_augmentation(size)),
      network=network, method=method, training=training,
      evaluation=schema.Evaluation(split=own_data.VALIDATION))
