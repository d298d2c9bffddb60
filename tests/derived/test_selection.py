"""Selection as a step: rounds, students, what is written, and that no label is read."""
import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.derived import base
from keras_weakseg.derived import network_features
from keras_weakseg.derived import selection
from keras_weakseg.recipes import outputs
from keras_weakseg.selection import rounds

COUNT = 12


@dataclasses.dataclass
class Grey:
  """A depth model whose disparity is red, or blue for a student that has seen too little."""
  channel: int
  size: tuple = ()

  def disparity(self, images):
    return images[..., self.channel] / 255.0 + 0.01


class Unsure:
  """A segmentation model that is the less sure the redder an image is."""

  def probabilities(self, images):
    red = images[..., 0].mean((1, 2), keepdims=True) / 510.0 * np.ones(images.shape[:3])
    return np.stack([1 - red, red], -1)


@pytest.fixture(scope="module")
def pictures():
  """Returns a source of twelve grey levels without any label."""
  random = np.random.RandomState(1)
  images = random.randint(0, 20, (COUNT, 16, 32, 3)) + 15 * np.arange(COUNT)[:, None, None, None]
  samples = tf.data.Dataset.from_tensor_slices({
      fields.SAMPLE_ID: [f"p{index:02d}" for index in range(COUNT)],
      fields.IMAGE: images.astype(np.uint8)})
  return data.Dataset({"train": samples}, ("background", "thing"))


@pytest.fixture
def make(pictures, tmp_path, monkeypatch):
  """Returns a function that makes a selection as a step of a name and returns its `Outputs`."""
  monkeypatch.setattr(network_features, "NetworkFeatures", lambda model, layer, size:
                      lambda image: image[::4, ::4].astype(np.float32))
  models = {"depth": Grey(0), "student": Grey(2), "segmentation": Unsure()}
  finished = {name: None for name in models}

  def run(name, reads=("depth",), **options):
    context = base.MakeContext({"photos": pictures}, {key: finished[key] for key in reads},
                               models.__getitem__, seed=3)
    maker = selection.Selection(context, **options)
    folder = tmp_path / name
    folder.mkdir()
    marker = maker.make(folder, progress=False)
    (folder / "done.json").write_text(json.dumps(marker))
    finished[name] = outputs.Outputs(name, str(folder))
    return finished[name], maker

  return run


def test_diversity_leaves_ids_a_record_and_a_sheet(make, tmp_path):
  step, maker = make("first", counts=(2, 5))
  assert len(step.ids) == 5 == len(set(step.ids))
  folder = tmp_path / "first"
  assert (folder / "ids.txt").read_text().split() == list(step.ids)
  assert (folder / "selection.png").exists() and maker.settings.seed == 3
  record = selection.record.read(folder / "selection.json")
  assert record.ids == list(step.ids) and [choice.round for choice in record.choices] == [
      0, 0, 1, 1, 1]
  levels = sorted(int(name[1:]) for name in step.ids)
  assert levels[0] == 0 and levels[-1] == COUNT - 1, "the ends of what there is"
  assert maker.lines() == ["5 of 12 images of 'train' of dataset, by diversity"]


def test_rounds_as_steps_choose_what_one_step_of_all_rounds_does(make):
  whole, _ = make("whole", counts=(2, 5))
  first, _ = make("one", counts=(2, 5), round=1)
  second, _ = make("two", ("depth", "one"), counts=(2, 5), round=2, after="one")
  assert first.ids == whole.ids[:2] and second.ids == whole.ids


def test_uncertainty_is_where_the_student_errs(make, pictures):
  options = dict(counts=(1, 4), criterion="uncertainty")
  make("one", round=1, **options)
  step, maker = make("two", ("depth", "one", "student"), round=2, after="one", student="student",
                     **options)
  teacher, student = Grey(0), Grey(2)
  doubts = {}
  for sample in pictures.samples("train").as_numpy_iterator():
    doubts[sample["sample_id"].decode()] = maker._doubt(sample["image"], teacher, student).mean()
  left = sorted(set(doubts) - {step.ids[0]}, key=lambda name: -doubts[name])
  assert list(step.ids[1:]) == left[:3]


def test_the_teacher_sees_images_at_the_size_of_its_maps(make):
  """A student of them is compared with what it has learned from, at whatever size it was."""
  make("one", round=1, counts=(1, 4), criterion="uncertainty")
  _, maker = make("two", ("depth", "one", "student"), round=2, after="one", student="student",
                  counts=(1, 4), criterion="uncertainty", size=(8, 24))
  teacher, student = maker._models({"student"})
  assert (teacher.size, student.size) == ((8, 24), ())


def test_a_student_of_segmentation_sees_images_at_the_size_that_is_said(make):
  make("one", round=1, counts=(1, 4), criterion="entropy")
  _, maker = make("two", ("segmentation", "one"), round=2, after="one", student="segmentation",
                  counts=(1, 4), criterion="entropy", size=(8, 24))
  image = np.full([16, 32, 3], 200, np.uint8)
  assert maker._doubt(image, None, Unsure()).shape == (8, 24)


def test_the_paper_adds_it_to_distances(make):
  options = dict(counts=(1, 4), criterion="diversity_uncertainty")
  make("one", round=1, **options)
  found = [make(f"two{weight:g}", ("depth", "one", "student"), round=2, after="one",
                student="student", **options)[0].ids for weight in (1000.0,)]
  assert len(found[0]) == 4 and found[0] != make("plain", counts=(1, 4))[0].ids


def test_entropy_of_a_model_of_segmentation(make):
  options = dict(counts=(1, 4), criterion="entropy")
  make("one", round=1, **options)
  step, _ = make("two", ("segmentation", "one"), round=2, after="one", student="segmentation",
                 **options)
  levels = [int(name[1:]) for name in step.ids[1:]]
  assert levels == sorted(set(range(COUNT)) - {int(step.ids[0][1:])}, reverse=True)[:3]


def test_chance_asks_nobody(make, pictures):
  step, _ = make("chance", reads=(), counts=(4,), criterion="random")
  ids = pictures.ids("train")
  order = np.random.RandomState(3).permutation(COUNT)[:4]
  assert list(step.ids) == [ids[index] for index in order]


@pytest.mark.parametrize("options, words", [
    ({"counts": (13,)}, "fewer images"), ({"counts": (5,), "round": 2}, "no such round"),
    ({"counts": (1, 2), "round": 2}, "goes on from the one before"),
    ({"counts": (1, 2), "criterion": "uncertainty"}, "asks for a student"),
    ({"counts": (2, 1)}, "do not grow")])
def test_what_cannot_be_chosen_is_refused_before_anything_is_made(pictures, options, words):
  with pytest.raises(ValueError, match=words):
    selection.Selection(base.MakeContext({"photos": pictures}), **options)


def test_a_selection_of_other_settings_is_not_continued(make):
  make("one", counts=(2, 5), round=1)
  with pytest.raises(ValueError, match="made from other settings"):
    make("two", ("depth", "one"), counts=(2, 6), round=2, after="one")
  assert dataclasses.is_dataclass(rounds.Settings)
