"""What happens between steps, and in which order; pictures reach TensorBoard."""
import contextlib
import glob
import math

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.configs.sections import schema
from keras_weakseg.training import callbacks
from keras_weakseg.training import guards


class Record:
  """Takes the place of checkpoints and log, and writes down every call."""

  pending = ()

  def __init__(self):
    self.calls = []

  def save(self, step, pending):
    self.calls.append(("save", step))
    self.waiting = pending

  def save_if_best(self, step, score):
    self.calls.append(("best", step, score))

  def write(self, step, figures):
    self.calls.append(("log", step, dict(figures)))

  def pictures(self, step, name, images):
    self.calls.append(("pictures", step, name, images.shape.as_list()))


def between(start=0, steps=4, validate=None, log=True, finish=None, evaluated=None, **training):
  record = Record()
  options = {"evaluated": evaluated} if evaluated else {}
  made = callbacks.BetweenSteps(
      start, steps, training=schema.Training(steps=steps, **{"log_every": 2, **training}),
      checkpoints=record, log=record if log else None, sample_ids=lambda step: [f"id{step}"],
      validate=validate, finish=finish, progress=False, **options)
  made.on_train_begin()
  return made, record.calls


def feed(made, values):
  for index, value in enumerate(values):
    made.on_train_batch_end(index, {"loss": value})


def test_figures_are_means_over_the_steps_between_two_rows():
  made, calls = between(steps=5, checkpoint_every=5)
  feed(made, [1.0, 3.0, 5.0, 7.0, 9.0])
  assert calls == [("log", 2, {"loss": 2.0}), ("log", 4, {"loss": 6.0}), ("log", 5, {"loss": 9.0}),
                   ("save", 5)]


def test_a_continued_run_counts_on():
  made, calls = between(start=3, steps=5, checkpoint_every=2)
  feed(made, [1.0, 2.0])
  assert calls == [("log", 4, {"loss": 1.0}), ("save", 4), ("log", 5, {"loss": 2.0}), ("save", 5)]
  assert made.done == 5


def test_checkpoints_come_every_tenth_of_the_run_by_default():
  made, calls = between(steps=30, log_every=100)
  feed(made, [1.0] * 30)
  assert [step for kind, step, *_ in calls if kind == "save"] == list(range(3, 31, 3))


def test_validation_is_done_before_the_checkpoint_that_holds_its_score():
  pictures = np.zeros([2, 8, 12, 3], np.uint8)
  figures = {"mean_iou": 0.25, "samples": 2, "notes": [], "pixel_accuracy": 0.5}
  made, calls = between(steps=3, validate=lambda: (figures, pictures, 0.25, "fine"),
                        validate_every=2, checkpoint_every=2, log_every=10)
  feed(made, [1.0] * 3)
  validation = [("best", 2, 0.25),
                ("log", 2, {"validation_mean_iou": 0.25, "validation_pixel_accuracy": 0.5}),
                ("pictures", 2, "validation", [2, 8, 12, 3]), ("save", 2)]
  assert calls[:4] == validation
  assert [call[0] for call in calls[4:]] == ["log", "best", "log", "pictures", "save"]
  assert all(call[1] == 3 for call in calls[4:])


def test_the_end_is_validated_as_it_stays_and_other_steps_as_they_would_be():
  order = []

  @contextlib.contextmanager
  def evaluated():
    order.append("in")
    yield
    order.append("out")

  validate = lambda: (order.append("validated"), ({"mean_iou": 0.1}, None, 0.1, ""))[1]
  made, calls = between(steps=2, validate=validate, validate_every=1, checkpoint_every=1,
                        finish=lambda: order.append("finish"), evaluated=evaluated)
  feed(made, [1.0])
  assert [*order] == ["in", "validated", "out"] and calls[-1] == ("save", 1)
  del order[:], calls[:]
  feed(made, [1.0])
  assert order == ["finish", "validated"]
  assert [call[0] for call in calls] == ["log", "best", "log", "save"]


def test_no_validation_without_its_interval_and_no_pictures_without_samples():
  made, calls = between(steps=2, validate=lambda: pytest.fail("called"), checkpoint_every=2)
  feed(made, [1.0, 1.0])
  assert [call[0] for call in calls] == ["log", "save"]
  made, calls = between(steps=1, validate=lambda: ({"mean_iou": 0.1}, None, 0.1, ""),
                        validate_every=1)
  feed(made, [1.0])
  assert [call[0] for call in calls] == ["log", "best", "log", "save"]


def test_workers_that_do_not_write_still_save_and_validate():
  made, calls = between(steps=1, log=False, validate=lambda: ({"mean_iou": 0.1}, None, 0.1, ""),
                        validate_every=1)
  feed(made, [1.0])
  assert calls == [("best", 1, 0.1), ("save", 1)]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_bad_number_stops_before_anything_is_saved(value):
  made, calls = between(steps=2, checkpoint_every=1, log_every=1)
  feed(made, [1.0])
  del calls[:]
  with pytest.raises(guards.NonFiniteError, match="at step 1: loss(?s:.*)id1"):
    made.on_train_batch_end(1, {"loss": value})
  assert calls == []


def test_the_bar_is_closed_after_an_error_and_twice_is_no_matter():
  made, _ = between()
  made.close()
  made.close()
  made.on_train_end()
  unopened = callbacks.BetweenSteps(
      0, 1, training=schema.Training(), checkpoints=None, log=None, sample_ids=None)
  assert unopened.close() is None


def test_pictures_of_different_sizes_are_in_the_event_file(tiny_run, tiny_data):
  events = glob.glob(f"{tiny_run.model_dir}/train/tensorboard/events*")
  pictures, scalars = {}, {}
  for path in events:
    for event in tf.compat.v1.train.summary_iterator(path):
      for value in event.summary.value:
        if value.metadata.plugin_data.plugin_name == "images":
          width, height, *encoded = value.tensor.string_val
          pictures[event.step] = (int(width), int(height),
                                  [tf.io.decode_png(each).numpy() for each in encoded])
        else:
          scalars.setdefault(value.tag, []).append(event.step)
  assert sorted(pictures) == [6, 12]
  sizes = [sample["image"].shape[:2] for sample in tiny_data.samples("validation").take(4)]
  assert len(set(map(tuple, sizes))) > 1, "pictures of one size would prove nothing"
  width, height, images = pictures[12]
  assert height == max(size[0] for size in sizes) and width > 3 * max(size[1] for size in sizes)
  assert len(images) == len(sizes)
  for image, size, sample in zip(images, sizes, tiny_data.samples("validation")):
    np.testing.assert_array_equal(image[:size[0], :size[1]], sample["image"])
  assert scalars["validation_mean_iou"] == [6, 12] and 12 in scalars["loss"]


def test_figures_are_taken_as_plain_numbers():
  made, calls = between(steps=1)
  made.on_train_batch_end(0, {"loss": tf.constant(2.0), "latent_recall": np.float32(0.5)})
  assert calls[0] == ("log", 1, {"loss": 2.0, "latent_recall": 0.5})
  assert all(type(value) is float for value in calls[0][2].values())
