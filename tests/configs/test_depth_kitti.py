"""Depth of KITTI: trained on clips, scored on other scenes."""
from keras_weakseg.configs import depth_kitti
from keras_weakseg.configs import network_validation
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.recipes import sources

NAME = "depth_kitti_clips"


def test_numbers_are_those_of_other_scenes_than_the_training():
  experiment = registry.build(NAME)
  part, = experiment.data.parts
  assert (part.source, part.supervision) == ("clips", "none")
  assert (experiment.evaluation.source, experiment.evaluation.split) == ("stereo2015", "test")
  assert [source.kind for source in experiment.data.sources] == ["kitti_clips", "kitti_stereo"]
  # No split picks a checkpoint: there is no true depth but that of the numbers.
  assert experiment.evaluation.validation_split == ""


def test_the_protocol_is_the_one_of_the_issue():
  """Truth above 0, cap 1e-3 to 80 m, no crop, median scaling of every image, cars included."""
  experiment = registry.build(NAME)
  assert experiment.evaluation.depth.as_dict() == {
      "size": (), "flip": False, "crop": "none", "min_depth": 1e-3, "max_depth": 80.0,
      "limit_target": False, "scale": "median"}
  assert experiment.data.sources[1].video.cars


def test_sizes_fit_the_network_and_two_cores():
  experiment = registry.build(NAME)
  size = tuple(experiment.data.augmentation.resize)
  assert size == tuple(experiment.data.sources[0].video.size) == depth_kitti.SIZE
  assert all(side % 32 == 0 for side in size) and size[0] <= 192 and size[1] <= 640
  assert network_validation.has_nested_grids(experiment.network)


def test_both_encoders_start_from_imagenet():
  experiment = registry.build(NAME)
  pose = experiment.networks.get("pose")
  assert experiment.network.pretrained == pose.pretrained == depth_kitti.MOBILENET
  assert experiment.network.get().alpha == experiment.networks.get("pose").get().alpha == 1.0
  assert experiment.networks.get("pose").get().kind == "mobilenet_v1"


def test_a_shorter_run_differs_in_its_length_alone():
  whole, short = depth_kitti.on_kitti_clips(), depth_kitti.on_kitti_clips(steps=100)
  assert short.training.steps == 100
  assert overrides.resolve(whole, overrides="training.steps=100").as_dict() == short.as_dict()


def test_the_excerpts_are_found(shared_data):
  experiment = registry.build(NAME)
  experiment.data.data_dir = str(shared_data("kitti").parent)
  made = sources.make_sources(experiment.data)
  assert len(made["clips"].ids("train")) > 300 and len(made["stereo2015"].ids("test")) == 90
