"""Sources, parts and augmentation are checked before a file is opened."""
import pytest

from keras_weakseg.configs import data_validation
from keras_weakseg.configs.sections import schema


def data(*parts, sources=("a",), **augmentation):
  return schema.Data(
      sources=[schema.Source(name=name, path="photos") for name in sources], parts=list(parts),
      augmentation=schema.Augmentation(**augmentation))


@pytest.mark.parametrize("given", [
    data(), data(schema.Part()), data(schema.Part(source="b"), sources=("a", "b")),
    data(schema.Part(weight=0.0), schema.Part(rest=True)), schema.Data(),
    data(schema.Part(split="train+weak", supervision="tags+depth")),
    data(schema.Part(count=3, batch_size=8)), data(crop=(9, 321), scales=(0.5, 2.0), color=1.0),
    data(color_of="inputs", color_share=0.5, swap_frames=0.5), data(crop=(), resize=(192, 640)),
])
def test_what_fits_passes(given):
  assert data_validation.validate_data(given) is None


@pytest.mark.parametrize("part, words", [
    ({"source": "c"}, "Did you mean|one of a, b"),
    ({"batch_size": 0}, "'data.parts.1.batch_size' is out of range"),
    ({"batch_size": 10 ** 9}, "(?s)'data.parts.1.batch_size' is out of range.*1 to 65536"),
    ({"count": -1}, "'data.parts.1.count' is out of range"),
    ({"weight": -0.1}, "'data.parts.1.weight' is out of range"),
    ({"supervision": "masks"}, "Did you mean 'mask'"),
    ({"split": "train+"}, "'data.parts.1.split' is out of range"),
    ({"split": ""}, "'data.parts.1.split' is out of range"),
])
def test_wrong_parts(part, words):
  with pytest.raises(ValueError, match=words):
    data_validation.validate_data(data(schema.Part(), schema.Part(**part), sources=("a", "b")))


def test_the_first_part_leaves_no_rest():
  with pytest.raises(ValueError, match="cannot take the rest"):
    data_validation.validate_data(data(schema.Part(rest=True)))


def test_some_part_counts():
  with pytest.raises(ValueError, match="any weight"):
    data_validation.validate_data(data(schema.Part(weight=0.0)))


def test_parts_need_a_source():
  with pytest.raises(ValueError, match="have no source"):
    data_validation.validate_data(data(schema.Part(), sources=()))


@pytest.mark.parametrize("source, words", [
    ({"kind": "folders"}, "Did you mean 'folder'"),
    ({"kind": "folder"}, "`data.sources.0.path`"),
    ({"kind": "tfds", "path": "x"}, "`data.sources.0.dataset`"),
    ({"path": "x", "held_out": 1.0}, "0 <= share < 1"),
    ({"path": "x", "other": "backgruond"}, "Did you mean 'background'"),
    ({"path": "x", "groups": ("a=b+c", "=b")}, "sources.0.groups.*\n.*vehicle=car.*'=b'"),
    ({"path": "x", "groups": ("a=b+",)}, "'a=b\\+'"), ({"path": "x", "groups": ("a=",)}, "'a='"),
    ({"path": "x", "depth_scale": -1.0}, "stored units per metre"),
    ({"path": "x", "flip_swaps": ("arm",)}, "flip_swaps.*\n.*left arm=right arm.*'arm'"),
    ({"path": "x", "flip_swaps": ("l=r=m",)}, "'l=r=m'"),
    ({"path": "x", "flip_swaps": ("l=l",)}, "'l=l'"), ({"kind": "lipp"}, "Did you mean 'lip'"),
])
def test_wrong_sources(source, words):
  with pytest.raises(ValueError, match=words):
    data_validation.validate_data(schema.Data(sources=[schema.Source(**source)]))


def test_groups_of_classes_need_no_data_to_be_checked():
  data_validation.validate_data(schema.Data(sources=[schema.Source(
      kind="coco_sample", groups=("vehicle=car+bus", "person", "pet = cat + dog"),
      other="ignore")]))


def test_names_of_sources_differ():
  with pytest.raises(ValueError, match="Two sources are called 'a'"):
    data_validation.validate_data(data(sources=("a", "b", "a")))


@pytest.mark.parametrize("crop, fix", [
    ((320, 320), [321, 321]), ((96, 192), [97, 193]), ((321, 8), [321, 9]), ((0, 321), [9, 321]),
    ((321,), [321, 321]), ((224, 228), [225, 225]), ((-7, 9), [9, 9]),
])
def test_the_nearest_crop_is_offered(crop, fix):
  with pytest.raises(ValueError, match="8k\\+1") as caught:
    data_validation.validate_data(data(crop=crop))
  assert f"`data.augmentation.crop={fix}`" in str(caught.value)
  assert data_validation.validate_data(data(crop=tuple(fix))) is None


@pytest.mark.parametrize("augmentation, words", [
    ({"scales": (1.0,)}, "lowest, highest"), ({"scales": (2.0, 1.0)}, "lowest, highest"),
    ({"scales": (0.0, 1.0)}, "lowest, highest"), ({"color": 1.1}, "0..1"),
    ({"tags_from": "box"}, "Did you mean 'boxes'"), ({"hue": 0.7}, "0..0.5"),
    ({"color_saturation": 1.5}, "color_saturation"),
])
def test_wrong_augmentation(augmentation, words):
  with pytest.raises(ValueError, match=words):
    data_validation.validate_data(data(**augmentation))


@pytest.mark.parametrize("source, words", [
    ({"kind": "video"}, "`data.sources.0.path`"),
    ({"kind": "kiti"}, "Did you mean 'kitti'"),
    ({"kind": "kitti", "video": {"size": (640,)}}, "'data.sources.0.video.size'"),
    ({"kind": "kitti", "video": {"offsets": (0, 1)}}, "other than 0"),
    ({"kind": "kitti", "video": {"static_threshold": -1.0}}, "static_threshold"),
    ({"kind": "video", "path": "x", "video": {"field_of_view": 1.1}}, "degrees"),
    ({"kind": "cityscapes_video", "video": {"intrinsics": "refrence"}}, "Did you mean 'reference'"),
])
def test_wrong_video(source, words):
  source = {**source, "video": schema.Video(**source.get("video", {}))}
  with pytest.raises(ValueError, match=words):
    data_validation.validate_data(schema.Data(sources=[schema.Source(**source)]))


@pytest.mark.parametrize("change, words", [
    ({"crop": ()}, None), ({"crop": (), "scales": (0.5, 1.0)}, "'data.augmentation.crop'"),
    ({"crop": (190, 640)}, "each 8k.1"), ({"resize": (1, 2, 3)}, "resize"),
    ({"color_share": 2.0}, "color_share"), ({"swap_frames": 2.0}, "swap_frames"),
    ({"color_of": "pixel"}, "Did you mean 'pixels'")])
def test_augmentation_of_video(change, words):
  if words is None:
    return data_validation.validate_data(data(**change))
  with pytest.raises(ValueError, match=words):
    data_validation.validate_data(data(**change))


@pytest.mark.parametrize("crop, fix", [((190, 640), [192, 640]), ((321, 321), [320, 320])])
def test_crops_of_depth_are_multiples_of_32(crop, fix):
  with pytest.raises(ValueError, match="a multiple of 32") as caught:
    data_validation.validate_data(data(crop=crop), aligned=False)
  assert f"`data.augmentation.crop={fix}`" in str(caught.value)
  assert data_validation.validate_data(data(crop=tuple(fix)), aligned=False) is None


def test_tags_from_boxes_need_a_part_that_grants_them():
  """Else the tags would be those of whole images, and nobody would know."""
  augmentation = schema.Augmentation(tags_from="boxes")
  for supervision, fine in (("tags", False), ("mask", False), ("boxes", True)):
    parts = [schema.Part(supervision=supervision)]
    if fine:
      data_validation.validate_tags(augmentation, parts)
      continue
    with pytest.raises(ValueError, match="(?s)data.augmentation.tags_from.*supervision: boxes"):
      data_validation.validate_tags(augmentation, parts)
  data_validation.validate_tags(augmentation, [])
  data_validation.validate_tags(schema.Augmentation(), [schema.Part(supervision="tags")])


def test_a_batch_that_no_machine_can_hold_is_refused():
  large = schema.Augmentation(crop=(20001, 20001))
  data_validation.validate_batch([schema.Part(batch_size=5)], large)
  with pytest.raises(ValueError, match="(?s)'data.augmentation.crop' is out of range.*pixels in a"):
    data_validation.validate_batch([schema.Part(batch_size=4), schema.Part(batch_size=2)], large)
