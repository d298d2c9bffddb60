"""Depth for parts, end to end at a tiny size: every step, kills between them, what is left."""
import numpy as np
import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg.configs import depth_parts_steps
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.derived import results
from keras_weakseg.files import writing
from keras_weakseg.framework import keras
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.weights import weights
from keras_weakseg.ops import resize
from keras_weakseg.recipes import planning

TINY = {"alpha": 0.25, "head_filters": 8, "skip_filters": 4}
DEPTH = {"alpha": 0.25, "channels": (4, 6, 8, 8, 8), "skip_channels": (4, 4, 6, 6)}
STEPS = ["colours", "prune_1", "tune_1", "depth", "wide", "train"]
MADE = ("prune_1", "wide")


def training(steps=4):
  """Checkpoints after 2 and 4 updates, lines of logs after 3 and 4."""
  return schema.Training(steps=steps, optimization=schema.sgd(0.01, steps), log_every=3,
                         checkpoint_every=2)


def colours():
  """Returns the training on colours alone."""
  return schema.Experiment(
      name="tiny_parts", seed=3, method=schema.method("supervised"),
      data=schema.Data(sources=[schema.Source(name="photos", path="p")],
                       parts=[schema.Part(source="photos", batch_size=2)],
                       augmentation=schema.Augmentation(crop=(33, 65))),
      network=schema.network("light_tiny", **TINY), training=training(),
      evaluation=schema.Evaluation(split="validation"))


def tiny(whole=True):
  """Returns the recipe on `tiny_video`, with one pruning."""
  experiment = colours()
  if not whole:
    return depth_parts_steps.pruned(experiment, (0.8, 8), training(), size=(33, 65))
  experiment.data.sources.append(schema.Source(name="depth", path="d"))
  depth = schema.Step(
      network=schema.network("light_depth", **DEPTH), method=schema.method("supervised_depth"),
      parts=[schema.Part(source="depth", supervision="depth", batch_size=2)],
      augmentation=schema.Augmentation(crop=(), resize=(32, 64)), training=training())
  return depth_parts_steps.with_depth(experiment, depth, (0.7,), training(), training(),
                                      size=(33, 65), multiple_of=1)


@pytest.fixture(scope="module")
def given(tiny_video):
  return {"photos": tiny_video, "depth": tiny_video}


@pytest.fixture(scope="module")
def whole(given, tmp_path_factory):
  """Returns the `Result` of the whole recipe."""
  return kw.fit(tiny(), data=given, progress=False,
                model_dir=tmp_path_factory.mktemp("parts") / "whole")


def test_the_plan_says_what_each_step_reads(given):
  plan = planning.make_plan(tiny(), given)
  assert [(step.name, step.reads) for step in plan.steps] == [
      ("colours", ()), ("prune_1", ("colours",)), ("tune_1", ("prune_1",)), ("depth", ()),
      ("wide", ("tune_1", "depth")), ("train", ("wide",))]
  text = "\n".join(plan.text())
  assert "70.0 % of the channels (all)" in text and "frozen network of depth inside" in text


def test_two_prunings_leave_the_plan_of_one_network(tiny_video):
  plan = planning.make_plan(tiny(whole=False), {"photos": tiny_video})
  assert [step.name for step in plan.steps] == ["colours", "prune_1", "tune_1", "prune_2", "train"]
  assert "8 channels (all)" in "\n".join(plan.text())
  overrides.validate(tiny(whole=False))


@pytest.mark.slow
def test_the_recipe_ends_with_one_network_of_pixels_alone(whole, given, tmp_path):
  assert 0 <= whole.metrics["mean_iou"] <= 1
  marker = results.read(f"{whole.model_dir}/prune_1")
  before, after = marker["cost"]["parameters"]
  assert 0.4 * before < after < 0.7 * before and "parameters" in marker["line"]
  assert whole.predictor.input_shape == (None, None, None, 3)
  frozen = {weight.name.split(":")[0] for weight in whole.predictor.non_trainable_weights}
  assert any(name.startswith("depth_") for name in frozen)
  # The network of depth is that of its step, to the bit.
  with np.load(f"{whole.model_dir}/train/segmenter.npz") as last, np.load(
      f"{whole.model_dir}/depth/depth.npz") as depth:
    inside = [key for key in last.files if key.startswith("depth_")]
    assert len(inside) == len(depth.files)
    for key in inside:
      np.testing.assert_array_equal(last[key], depth[key[len("depth_"):]])
  # Restored and exported, it says the same.
  image = next(iter(given["photos"].samples("validation")))["image"]
  known = whole.model.probabilities(image[None])
  again = kw.evaluate(whole.model_dir, given["photos"], split="validation", progress=False)
  assert again["mean_iou"] == whole.metrics["mean_iou"]
  from keras_weakseg.tasks import artifact
  served = artifact.load_artifact(kw.export(whole.model_dir, tmp_path / "served"))
  np.testing.assert_allclose(served.probabilities(image[None]), known, atol=1e-5)


@pytest.mark.slow
def test_one_saved_model_takes_bytes_and_answers_as_the_two_steps_do(whole, tmp_path):
  """Depth by the network of its own step first, then the network of four channels."""
  image = np.random.RandomState(0).randint(0, 256, (33, 65, 3)).astype(np.uint8)
  served = tf.saved_model.load(kw.export(whole.model_dir, tmp_path / "served"))
  png = tf.io.encode_png(image)
  answer = served.signatures["serving_default"](tf.stack([png, png]))
  masks = [tf.io.decode_png(mask)[..., 0].numpy() for mask in answer["mask_png_bytes"].numpy()]

  depth = registry.build_network("light_depth", (None, None, 3), **DEPTH)
  weights.load_pretrained(depth, "light_depth", f"{whole.model_dir}/depth/depth.npz")
  pixels = tf.cast(image[None], tf.float32)
  seen = preprocessing.Preprocess("tf")(tf.image.resize(pixels, (32, 64)))
  near = depth(seen, training=False)["disparity_0"]
  near = tf.image.resize(near / tf.reduce_max(near), (33, 65))
  four = tf.concat([preprocessing.Preprocess("tf")(pixels), 2 * near - 1], -1)
  inside = preprocessing.network_of(whole.predictor)
  classes, = (layer for layer in inside.layers
              if isinstance(layer, keras.Model) and layer.input_shape[-1] == 4)
  scores = resize.resize_aligned(classes(four, training=False), (33, 65)).numpy()[0]
  best = np.sort(scores, -1)
  clear = best[..., -1] - best[..., -2] > 1e-4 * np.abs(scores).max()
  assert clear.mean() > 0.9
  for mask in masks:
    np.testing.assert_array_equal(mask[clear], scores.argmax(-1)[clear])
  # It is depth that is seen: another channel gives other scores.
  other = classes(tf.concat([four[..., :3], -four[..., 3:]], -1), training=False)
  assert np.abs(other - classes(four, training=False)).max() > 0


def seeing(supervision="mask+depth"):
  """Returns the training on colours, and on with the true depth of the data beside them."""
  experiment = depth_parts_steps.continued(colours(), training())
  experiment.network.sees_depth, experiment.data.parts[0].supervision = True, supervision
  return experiment


def test_true_depth_is_planned_where_it_is_granted_alone(tiny_video):
  planning.make_plan(seeing(), {"photos": tiny_video})
  with pytest.raises(ValueError, match="not every part grants it"):
    planning.make_plan(seeing("mask"), {"photos": tiny_video})


@pytest.mark.slow
def test_true_depth_is_seen_in_training_and_in_evaluation(given, tmp_path):
  experiment = seeing()
  fit = lambda: kw.fit(experiment, data={"photos": given["photos"]}, progress=False,
                       model_dir=tmp_path / "run")
  result = fit()
  kernel = np.load(tmp_path / "run/train/segmenter.npz")["conv1__kernel"]
  assert kernel.shape[2] == 4 and np.abs(kernel[:, :, 3]).max() > 0, "depth has taught its kernel"
  # Brought back it says the same, and only where there is depth.
  again = kw.evaluate(tmp_path / "run", given["photos"], split="validation", progress=False)
  assert again["confusion"] == result.metrics["confusion"] and fit().metrics == result.metrics
  for refused in (lambda: kw.export(tmp_path / "run", tmp_path / "served"),
                  lambda: kw.predict(tmp_path / "run", tmp_path, tmp_path / "out")):
    with pytest.raises(ValueError, match="takes the depth of the data"):
      refused()
  assert {path.name for path in tmp_path.iterdir()} == {"run"}
  # A smaller network of it sees the same, and a network of colours is none of it.
  small = kw.prune(tmp_path / "run", tmp_path / "small", to=0.5, multiple_of=1, size=(33, 65),
                   progress=False)
  assert small.model.sees_depth
  experiment.steps, experiment.network.continues = [], ""
  experiment.network.pretrained, experiment.network.sees_depth = str(tmp_path / "small"), False
  with pytest.raises(ValueError, match="differ in what is seen"):
    kw.fit(experiment, data={"photos": given["photos"]}, progress=False,
           model_dir=tmp_path / "other")


@pytest.mark.slow
def test_killed_at_every_boundary_and_inside_it_ends_the_same(whole, given, kills, tmp_path):
  run = lambda: kw.fit(tiny(), data=given, model_dir=tmp_path / "run", progress=False)
  for name in STEPS:
    if name in MADE:  # Its weights are there; what is known of them is not.
      inside = lambda patch, name=name: kills.before(
          patch, writing, "write_json", f"{name}/networks.json")
    else:  # A line of the log stands there already, and the update that it tells of is lost.
      inside = lambda patch, name=name: kills.in_training(patch, name, 3)
    kills.killed(f"in {name}", inside, run)
    kills.killed(f"before the marker of {name}", lambda patch, name=name: kills.before(
        patch, results, "write", f"/{name}"), run)
  result = run()
  kills.assert_same_files(whole.model_dir, tmp_path / "run")
  assert result.metrics == whole.metrics
