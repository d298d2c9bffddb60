"""Tests of the registry of networks."""
import dataclasses
import inspect

import pytest

from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing

SMALL = {
    "deeplab_v3": {"backbone": "mobilenet_v1", "width": 0.25, "head_filters": 8},
    "light_mobilenet_v1": {"alpha": 0.25},
    "light_tiny": {},
    "light_dual": {"alpha": 0.25, "head_filters": 8},
    "unet": {"encoder": "resnet18", "channels": (4, 4, 4, 4, 4)},
    "light_unet": {"alpha": 0.25},
}
OTHERS = {
    "depth_unet": {"encoder": "resnet18", "channels": (4, 4, 4, 4, 4)},
    "light_depth": {"alpha": 0.25},
    "light_hourglass": {"width": 0.1},
    "pose_network": {"kind": "posecnn", "alpha": 0.25},
    "light_pose": {"alpha": 0.25},
    "multitask": {"encoder": "mobilenet_v1", "alpha": 0.25, "channels": (4, 4, 4, 4, 4),
                  "context": "conv"},
    "light_multitask": {"alpha": 0.25},
    "tag_classifier": {"alpha": 0.25},
}
# Their options are documented by reference to the builder that they narrow.
BY_REFERENCE = {"light_dual", "light_unet", "light_depth", "multitask", "light_multitask"}


def classes_of(record):
  return 5 if record.role in registry.CLASSIFIED else 0


@pytest.mark.parametrize("name", registry.network_names())
def test_every_option_is_keyword_only_and_documented(name):
  entry = registry._NETWORKS[name]
  parameters = inspect.signature(entry.build).parameters.values()
  positional = [p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]
  assert positional == ["input_shape", "num_classes"][:1 if entry.role == "pose" else 2]
  offered = {p.name for p in parameters} - set(positional) - set(entry.hidden)
  assert offered == set(registry.network_options(name))
  if name not in BY_REFERENCE:
    document = getattr(entry.build, "func", entry.build).__doc__
    for option in registry.network_options(name):
      assert f"    {option}: " in document, option


@pytest.mark.parametrize("name", sorted(SMALL))
def test_built_networks_keep_what_their_record_says(name):
  record = registry.network_record(name, **SMALL[name])
  side = record.aligned_side(40)
  network = registry.build_network(name, [side, side, 3], 5, **SMALL[name])
  grid = (side - 1) // record.stride + 1
  assert network.output_shape == (None, grid, grid, 5)
  assert record.mean_rgb == preprocessing.MEAN_RGB[record.preprocessing]
  assert (record.role, record.levels) == ("segmentation", ())


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_built_networks_of_other_roles_keep_what_their_record_says(name):
  options = OTHERS[name]
  record = registry.network_record(name, **options)
  network = registry.build_network(name, [32, 64, 3], classes_of(record), **options)
  if record.role == "tags":
    assert network.output_shape == (None, 5) and record.levels == ()
    return
  outputs = network.output_shape
  if record.answers == "log_depth":
    outputs = {"log_depth": outputs}
    assert outputs["log_depth"] == (None, 32, 64, 1)
  assert record.mean_rgb == preprocessing.MEAN_RGB[record.preprocessing]
  assert [key for key in sorted(outputs) if key.startswith("disparity")] == [
      f"disparity_{level}" for level in record.levels]
  for level in record.levels:
    assert outputs[f"disparity_{level}"][1:3] == (32 >> level, 64 >> level)
  assert outputs.get("scores", (None, 32, 64, 5)) == (None, 32 // record.stride, 64, 5)
  if record.role == "pose":
    assert network.input_shape == (None, 32, 64, 6)
    assert outputs["axis_angle"] == outputs["translation"] == (None, 1, 3)
  else:
    assert record.levels == (() if record.answers == "log_depth" else (0, 1, 2, 3))


def test_what_networks_answer_with():
  """Log depth read as disparity would be a silent mistake."""
  answers = {name: registry.network_record(name).answers for name in registry.network_names()}
  assert {name for name, answer in answers.items() if answer == "log_depth"} == {
      "hourglass", "light_hourglass"}
  assert (answers["unet"], answers["light_multitask"], answers["light_depth"]) == (
      "scores", "scores", "disparity")
  assert registry.network_record("light_hourglass").levels == ()


def test_records():
  assert registry.network_record("largefov_vgg16").preprocessing == "caffe"
  assert registry.network_record("largefov_vgg16").mean_rgb == (122.675, 116.669, 104.008)
  assert registry.network_record("light_tiny").preprocessing == "tf"
  assert registry.network_record("deeplab_v2_resnet101").multiple == 8
  assert registry.network_record("deeplab_v2_resnet101", multi_scale=True).multiple == 16
  assert registry.network_record("deeplab_v3", output_stride=8).multiple == 8
  coarse = {name for name in registry.network_names() if registry.network_record(name).stride > 1}
  assert coarse == set(registry.network_names("segmentation")) - {"unet", "light_unet"}
  assert all(registry.network_record(name).stride == 8 for name in coarse)
  with pytest.raises(dataclasses.FrozenInstanceError):
    registry.network_record("light_tiny").stride = 4


def test_records_of_nested_grids():
  record = registry.network_record
  for name in ("unet", "depth_unet", "multitask", "pose_network"):
    assert record(name).preprocessing == "depth"
  for name in ("light_unet", "light_depth", "light_multitask", "light_pose"):
    assert record(name).preprocessing == "tf"
  assert record("unet", encoder="mobilenet_v1").preprocessing == "tf"
  assert record("depth_unet", encoder="mobilenet_v1").preprocessing == "tf"
  assert record("pose_network", kind="mobilenet_v1").preprocessing == "tf"
  assert record("hourglass").preprocessing == record("light_hourglass").preprocessing == "unit"
  assert record("unet").multiple == record("light_unet").multiple == 1
  assert record("depth_unet").multiple == 16 and record("light_pose").multiple == 1
  assert record("depth_unet", output_stride=32).multiple == 32
  assert record("multitask", output_stride=8).multiple == 8
  assert record("depth_unet", disparity_scales=(0, 1)).levels == (0, 1)
  paddings = {record(name).padding_multiple for name in registry.network_names()
              if record(name).role != "segmentation"}
  assert paddings == {record("unet").padding_multiple} == {1}
  assert record("deeplab_v3").padding_multiple == 16


def test_records_of_tags_and_critics():
  record = registry.network_record
  assert [record(name).preprocessing for name in ("cam_vgg16", "cam_encoder", "light_cam",
                                                  "p_net")] == ["caffe", "depth", "tf", "tf"]
  assert record("cam_encoder", encoder="mobilenet_v1").preprocessing == "tf"
  for name in (*registry.network_names("tags"), "p_net"):
    assert (record(name).stride, record(name).levels, record(name).padding_multiple) == (1, (), 1)
    record(name).check_size(321, 500)


def test_roles():
  assert registry.network_names("depth") == [
      "depth_unet", "hourglass", "light_depth", "light_hourglass"]
  assert registry.network_names("tags") == [
      "cam_encoder", "cam_vgg16", "light_cam", "tag_classifier"]
  assert registry.network_names("critic") == ["p_net"]
  assert registry.network_names("multitask") == ["light_multitask", "multitask"]
  assert registry.network_names() == sorted(
      name for role in registry.ROLES for name in registry.network_names(role))
  with pytest.raises(ValueError, match="Did you mean 'depth'"):
    registry.network_names("deph")


def test_options_are_those_of_the_role():
  options = registry.network_options("depth_unet")
  assert options["disparity_scales"] == (0, 1, 2, 3) and options["encoder"] == "resnet101"
  assert not {"score_level", "head", "head_channels"} & set(options)
  assert registry.network_options("light_unet")["score_level"] == 1
  with pytest.raises(ValueError, match="(?s)no option 'score_level'"):
    registry.build_network("light_depth", (32, 32, 3), score_level=1)
  with pytest.raises(ValueError, match="(?s)no option 'disparity_scales'"):
    registry.network_record("unet", disparity_scales=(0,))


@pytest.mark.parametrize("name", ["unet", "light_unet"])
def test_a_segmentation_network_has_all_layers_of_its_depth_network(name):
  """Else a transfer of encoder and decoder would leave some behind."""
  depth = registry.build_network(
      name.replace("unet", "depth") if "light" in name else f"depth_{name}", (32, 32, 3),
      **SMALL[name])
  segmentation = registry.build_network(name, (32, 32, 3), 4, score_level=0, **SMALL[name])
  shapes = [{w.name: w.shape for w in model.weights} for model in (depth, segmentation)]
  assert {key.split("/")[0] for key in set(shapes[0]) - set(shapes[1])} == {
      f"head_disparity_{scale}" for scale in range(4)}
  assert {key.split("/")[0] for key in set(shapes[1]) - set(shapes[0])} == {
      "head_project_scores", "head_classifier"}
  assert all(shapes[0][key] == shapes[1][key] for key in set(shapes[0]) & set(shapes[1]))


@pytest.mark.parametrize("height, width, problem", [
    (192, 640, None), (368, 480, None), (360, 480, "height of 352 or 368"),
    (192, 641, "width of 640 or 656"), (8, 32, "height of 16 or 32"), (0, 32, "height 0")])
def test_sizes_that_cannot_be_trained_on(height, width, problem):
  record = registry.network_record("light_depth")
  if problem is None:
    record.check_size(height, width)
  else:
    with pytest.raises(ValueError, match=f"(?s)multiples of 16\n?.*{problem}"):
      record.check_size(height, width)


@pytest.mark.parametrize("name, size, good", [
    ("light_tiny", (97, 33), True), ("light_tiny", (96, 33), False), ("unet", (7, 30), True),
    ("light_unet", (0, 30), False), ("light_pose", (19, 30), True)])
def test_sizes_by_role(name, size, good):
  record = registry.network_record(name)
  if good:
    record.check_size(*size)
    assert (record.aligned_side(size[0]), record.aligned_side(size[1])) == size
  else:
    with pytest.raises(ValueError, match="cannot be trained on images of this size"):
      record.check_size(*size)


@pytest.mark.parametrize("side, aligned", [(1, 1), (2, 17), (17, 17), (18, 33), (321, 321)])
def test_aligned_side(side, aligned):
  assert registry.network_record("light_tiny").aligned_side(side) == aligned


def test_synchronized_options_can_be_given_to_the_network():
  for name in registry.network_names():
    assert set(registry.synchronized(name)) <= set(registry.network_options(name))
  for name in (*OTHERS, "unet", "light_unet", "light_cam", "cam_encoder"):
    assert registry.synchronized(name) == {"synchronized_batch_norm": True}
  assert registry.synchronized("deeplab_v3") == {"synchronized_batch_norm": True}
  assert registry.synchronized("deeplab_v2_resnet101") == {}


def test_unknown_names_get_the_nearest_one():
  with pytest.raises(ValueError, match="There is no network 'light_mobilnet'.*(?s:.)*"
                     "Did you mean 'light_mobilenet_v1'"):
    registry.build_network("light_mobilnet", (33, 33, 3), 4)
  with pytest.raises(ValueError, match="(?s)no option 'aplha'.*Did you mean 'alpha'"):
    registry.build_network("light_tiny", (33, 33, 3), 4, aplha=1)
  with pytest.raises(ValueError, match="no option 'alpha'"):
    registry.network_record("largefov_vgg16", alpha=1)
  with pytest.raises(ValueError, match="no option 'input_shape'"):
    registry.network_record("largefov_vgg16", input_shape=1)
  with pytest.raises(ValueError, match="(?s)no option 'aplha'.*Did you mean 'alpha'"):
    registry.build_network("light_pose", (32, 32, 3), aplha=1)


@pytest.mark.parametrize("name, classes", [
    ("light_depth", 4), ("light_pose", 4), ("light_multitask", 0), ("light_unet", 0),
    ("light_cam", 0), ("p_net", 0)])
def test_classes_belong_to_scores(name, classes):
  with pytest.raises(ValueError, match="(?s)number of classes.*light_multitask, multitask"):
    registry.build_network(name, (32, 32, 3), classes)
