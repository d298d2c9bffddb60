"""The data check: a dozen kinds of bad data, each named with its fix; nothing closed is opened."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.checks import check
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.sources import dataset_source
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import video

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")


def run(root, quick=False, **options):
  return check.check_data(folder.Folder(root, **{"validation": ["a0", "a9"], **options}),
                          quick=quick)


def found(report, severity):
  return [problem.what for problem in report.problems if problem.severity == severity]


def test_good_data_is_ok_and_counted(mini):
  report = run(mini)
  assert report.ok and report.problems == [] and report.error() is None
  assert report.splits["train"] == {"samples": 8, "mask": 8, "boxes": 8, "tags": 8}
  # Patches of 4x4 pixels in masks of 12x16: four cats and four dogs.
  assert report.histogram["train"] == [8 * 12 * 16 - 128, 64, 64, 0]
  assert report.tagged["train"] == [8, 4, 4] and report.sizes == ((12, 16), (12, 16))
  assert "can be trained on" in report.text() and "4.17 %" in report.text()


def damage_image(contents):
  return lambda root, png: (root / "images" / "a3.png").write_bytes(contents)


def write_mask(values):
  return lambda root, png: png(root / "masks" / "a3.png", values)


def all_masks(values):
  def write(root, png):
    for path in (root / "masks").iterdir():
      png(path, values)
  return write


def claim(path, side):
  """Lets the header of a PNG say that it is of another size."""
  contents = bytearray(path.read_bytes())
  contents[16:24] = side.to_bytes(4, "big") * 2
  path.write_bytes(contents)


BLANK = np.zeros((12, 16), np.uint8)
CASES = {
    "truncated image": (lambda root, png: (root / "images" / "a3.png").write_bytes(
        (root / "images" / "a3.png").read_bytes()[:50]), "1 images are broken: a3", {}),
    "garbage image": (damage_image(b"garbage" * 9), "1 images are broken: a3", {}),
    "empty image": (damage_image(b""), "1 images are broken: a3", {}),
    "16-bit image": (lambda root, png: png(root / "images" / "a3.png", BLANK.astype(np.uint16)),
                     "more than 8 bits per channel: a3 .16 bits", {}),
    "unknown values": (write_mask(BLANK + 77), "values that are no class: a3 .values 77", {}),
    "large image": (lambda root, png: claim(root / "images" / "a3.png", 12000),
                    "more pixels than are decoded at once: a3 .12000x12000", {}),
    "other size": (write_mask(BLANK[:5]), "another size.*a3 .5x16, image 12x16", {}),
    "colour mask": (write_mask(np.zeros((12, 16, 3), np.uint8)), "no index masks: a3 .RGB", {}),
    "16-bit mask": (write_mask(BLANK.astype(np.uint16)), "no index masks: a3 .grey, 16 bits", {}),
    "garbage mask": (lambda root, png: (root / "masks" / "a3.png").write_bytes(b"x" * 50),
                     "no index masks: a3 .not a PNG", {}),
    "binary masks": (all_masks(np.where(np.arange(16) > 7, 255, BLANK).astype(np.uint8)),
                     "only 0 and 255", {}),
    "empty masks": (all_masks(BLANK), "nothing but background", {}),
    "unknown tag": (lambda root, png: (root / "tags.json").write_text('{"a3": ["cow"]}'),
                    "unknown classes: a3", {}),
    "unknown box": (lambda root, png: (root / "boxes" / "a3.xml").write_text(
        (root / "boxes" / "a3.xml").read_text().replace("dog", "cow")), "unknown classes: a3", {}),
    "broken box": (lambda root, png: (root / "boxes" / "a3.xml").write_text("<"),
                   "label files cannot be used: a3", {}),
    "broken tags": (lambda root, png: (root / "tags.json").write_text("{"),
                    "label files cannot be used", {}),
    "missing mask": (lambda root, png: (
        (root / "masks" / "a3.png").unlink(),
        (root / "m.txt").write_text("a3 mask\na4 mask")), "lack the label.*a3 .mask",
                     {"manifest": "m.txt"}),
    "no labels": (lambda root, png: (root / "m.txt").write_text("a3 none"),
                  "no label at all: train", {"manifest": "m.txt"}),
    "empty split": (lambda root, png: None, "splits are empty: validation", {"validation": []}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("quick", [False, True])
def test_errors_are_found_with_a_fix(mini, png, case, quick):
  damage, text, options = CASES[case]
  damage(mini, png)
  report = run(mini, quick, **options)
  assert not report.ok
  assert any(tf.strings.regex_full_match(what, f"(?s).*{text}.*") for what in found(
      report, "error")), report.text()
  assert all(problem.fix for problem in report.problems)
  message = str(report.error())
  assert message.startswith("The data of 'mini' cannot be trained on.\nExpected: ")


def test_only_the_whole_check_decodes_images(mini, png):
  path = mini / "images" / "a3.png"
  png(path, np.random.default_rng(0).integers(0, 255, (12, 16, 3)).astype(np.uint8))
  contents = bytearray(path.read_bytes())
  contents[len(contents) // 2] ^= 0xFF
  path.write_bytes(contents)
  assert "1 images are broken: a3" in " ".join(found(run(mini), "error"))
  assert run(mini, quick=True).ok


def test_conversions_and_orientation_are_reported_but_ok(mini, png):
  png(mini / "images" / "a3.png", BLANK)
  image = Image.fromarray(np.zeros((12, 16, 3), np.uint8))
  exif = Image.Exif()
  exif[0x0112] = 6
  image.save(mini / "images" / "a4.jpg", exif=exif)
  (mini / "images" / "a4.png").unlink()
  Image.fromarray(np.zeros((12, 16, 4), np.uint8)).save(mini / "images" / "a5.png")
  report = run(mini)
  assert report.ok
  assert "EXIF orientation" in found(report, "warning")[0]
  assert "a4 (orientation 6)" in report.text()
  assert "a3 (grey), a5 (RGBA)" in found(report, "note")[0]


def test_orphans_and_classes_without_labels_are_warned_about(mini, png):
  png(mini / "masks" / "zz.png", BLANK)
  tags = json.loads((mini / "tags.json").read_text())
  (mini / "tags.json").write_text(json.dumps({**tags, "yy": ["cat"]}))
  report = run(mini, classes=("background", "cat", "dog", "cow"))
  text = " | ".join(found(report, "warning"))
  assert report.ok and "no image: zz" in text and "no image: yy" in text
  assert "1 classes occur in no label: cow" in text


def test_binary_masks_pass_with_a_remap(mini, png):
  all_masks(np.where(np.arange(16) > 7, 255, BLANK).astype(np.uint8))(mini, png)
  report = run(mini, remap={0: 0, 255: 1})
  assert report.ok and report.histogram["train"][1] == 8 * 96


def test_masks_closed_by_the_manifest_are_not_opened(mini):
  (mini / "m.txt").write_text("a1 mask\na2 mask\na3 tags\n")
  for number in (3, 4, 5, 6):
    (mini / "masks" / f"a{number}.png").write_bytes(b"garbage")
  report = run(mini, manifest="m.txt")
  assert report.ok and report.splits["train"]["mask"] == 2


def test_bundle_check_opens_only_what_its_parts_may_read(mini):
  source = folder.Folder(mini, held_out=0.0)
  made = bundle.Bundle([parts.Part(source, ids=("a1", "a2")),
                        parts.Part(source, supervision="tags", rest=True)])
  for number in (0, 3, 4):
    (mini / "masks" / f"a{number}.png").write_bytes(b"garbage")
    (mini / "boxes" / f"a{number}.xml").write_bytes(b"garbage")
  report, = check.check_bundle(made)
  assert report.ok and [counts["mask"] for counts in report.splits.values()] == [2, 0]
  (mini / "masks" / "a2.png").write_bytes(b"garbage")
  assert not check.check_bundle(made)[0].ok


def test_datasets_are_checked_through_their_samples():
  def source(label):
    masks = np.full((3, 4, 5), label, np.uint8)
    data = tf.data.Dataset.from_tensor_slices(
        {fields.IMAGE: np.zeros((3, 4, 5, 3), np.uint8), fields.MASK: masks})
    return dataset_source.Dataset(data, ("background", "cat"))
  report = check.check_data(source(1))
  assert report.ok and report.histogram["train"] == [0, 60, 0]
  assert "'train_000000' holds labels" in found(check.check_data(source(9)), "error")[0]
  made = bundle.Bundle([parts.Part(source(1), batch_size=1)])
  assert check.check_bundle(made)[0].ok


def test_a_video_too_short_to_hold_frames_out_is_checked(frames, tmp_path):
  """One frame is left for `validation`, which has no neighbours and is no sample."""
  clip = video.Video(frames(tmp_path / "drive"), "20 20 7.5 5.5", held_out=0.2)
  assert len(clip.ids("train")) == 3
  report, = check.check_bundle(bundle.Bundle([parts.Part(clip, "train", "none")]))
  assert report.ok and report.sizes == ((12, 16), (12, 16))


def test_a_healthy_video_needs_no_labels_and_no_split_to_hold_out(frames, tmp_path):
  clip = video.Video(frames(tmp_path / "drive"), "20 20 7.5 5.5", held_out=0.2)
  report = check.check_data(clip)
  assert report.ok and not report.problems, report.text()
  assert "splits are empty: val" in check.check_data(clip, ["val"]).text()


@pytest.mark.quick("False")
@pytest.mark.parametrize("quick", [False, True])
def test_every_broken_frame_is_named_with_the_reason(frames, tmp_path, quick):
  folder_of = frames(tmp_path / "drive", count=9)
  for number in (2, 6):
    (folder_of / f"{number:06d}.png").write_bytes(b"\x89PNG nothing")
  report = check.check_data(video.Video(folder_of, "20 20 7.5 5.5", size=(12, 16)), quick=quick)
  what, = found(report, "error")
  assert what.startswith("2 samples cannot be read: ")
  assert "000002 (Unknown image file format." in what and "000006 (Unknown" in what
  assert "Iterator" not in what and "{{" not in what


def test_a_broken_frame_that_is_only_a_neighbour_is_found(frames, tmp_path):
  folder_of = frames(tmp_path / "drive")
  clip = video.Video(folder_of, "20 20 7.5 5.5")
  (folder_of / "000000.png").write_bytes(b"\x89PNG nothing")
  what, = found(check.check_data(clip), "error")
  assert what.startswith("1 samples cannot be read: drive/000001 (Unknown image file format.")


def test_unknown_split_is_refused(mini):
  with pytest.raises(ValueError, match="Did you mean 'train'"):
    check.check_data(folder.Folder(mini), ["trian"])


def test_real_photographs_are_fine(shared_data):
  from keras_weakseg.data.sources import voc
  report = check.check_data(voc.voc_animals(shared_data("voc_animals")), quick=True)
  assert report.ok and report.splits["val"]["mask"] == 295


@pytest.mark.parametrize("options", [dict(masks=None, tags=None), dict(masks=None, boxes=None)])
def test_boxes_or_tags_alone_need_no_validation(mini, options):
  report = check.check_data(folder.Folder(mini, **options))
  assert report.ok, report.text()
  assert "splits are empty, as no image has a mask to hold out: validation" in report.text()
  assert not check.check_data(folder.Folder(mini, **options), ["validation"]).ok
  assert not check.check_data(folder.Folder(mini, validation=[], **options)).ok


def test_what_a_bundle_is_granted_is_compared_with_its_images(mini, png):
  png(mini / "masks" / "zz.png", BLANK)
  (mini / "tags.json").write_text("broken")
  made = bundle.Bundle([parts.Part(folder.Folder(mini, tags=None, held_out=0.0))])
  assert "1 masks have no image: zz" in check.check_bundle(made)[0].text()
  weak = folder.Folder(mini, held_out=0.0)
  made = bundle.Bundle([parts.Part(weak, supervision="none")])
  assert "without" not in check.check_bundle(made)[0].text()  # nothing is opened
