"""VOC XML and YOLO texts become half-open boxes, and bad files say what is wrong."""
import numpy as np
import pytest

from keras_weakseg.data.readers import box_files

NAMES = ["background", "cat", "dog"]


def voc(path, objects, size=(20, 10)):
  """Writes a VOC file of `(name, ymin, xmin, ymax, xmax, difficult)`, 1-based inclusive."""
  body = "".join(
      f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><ymin>{ymin}</ymin>"
      f"<xmin>{xmin}</xmin><ymax>{ymax}</ymax><xmax>{xmax}</xmax></bndbox></object>"
      for name, ymin, xmin, ymax, xmax, difficult in objects)
  path.write_text(f"<annotation><size><width>{size[1]}</width><height>{size[0]}</height></size>"
                  f"{body}</annotation>")
  return path


def test_fractions_of_a_pixel_and_one_pixel_outside_are_kept_inside(tmp_path):
  path = voc(tmp_path / "a.xml", [("cat", 0.5, 1, 20.5, 10, 0)])
  boxes, _ = box_files.read_voc_boxes(path, NAMES)
  assert boxes.tolist() == [[0, 0, 1, 1]]


def test_the_size_of_the_image_may_be_given_where_the_file_has_none(tmp_path):
  path = voc(tmp_path / "a.xml", [("cat", 1, 1, 10, 10, 0)], size=(0, 0))
  with pytest.raises(ValueError, match="how large.*\nExpected.*\n.*size="):
    box_files.read_voc_boxes(path, NAMES)
  boxes, _ = box_files.read_voc_boxes(path, NAMES, size=(40, 20))
  np.testing.assert_allclose(boxes, [[0, 0, 0.25, 0.5]])


def test_unknown_classes_are_refused_or_dropped(tmp_path):
  xml = voc(tmp_path / "a.xml", [("sofa", 1, 1, 5, 5, 0), ("cat", 1, 1, 5, 5, 0)])
  with pytest.raises(ValueError, match="class list.*\n.*'sofa'"):
    box_files.read_voc_boxes(xml, NAMES)
  assert box_files.read_voc_boxes(xml, NAMES, unknown="drop")[1].tolist() == [1]
  with pytest.raises(ValueError, match="Did you mean 'drop'"):
    box_files.read_voc_boxes(xml, NAMES, unknown="dorp")


def test_difficult_objects_are_read_too(tmp_path):
  xml = voc(tmp_path / "a.xml", [("cat", 1, 1, 5, 5, 1), ("dog", 1, 1, 5, 5, 0)])
  assert box_files.read_voc_boxes(xml, NAMES)[1].tolist() == [1, 2]


@pytest.mark.parametrize("corners", [(5, 1, 4, 5), (1, 1, 30, 5), (-4, 1, 5, 5), (1, 1, 5, 50)])
def test_impossible_boxes_name_file_and_class(tmp_path, corners):
  path = voc(tmp_path / "bad.xml", [("cat", *corners, 0)])
  with pytest.raises(ValueError, match="class 'cat' in '.*bad.xml'"):
    box_files.read_voc_boxes(path, NAMES)


@pytest.mark.parametrize("corners", [(0.25, 0.25, 0.75, 0.5), (0, 0.5, 1, 1)])
def test_shares_of_the_sides_are_no_pixels(tmp_path, corners):
  path = voc(tmp_path / "shares.xml", [("cat", *corners, 0)])
  with pytest.raises(ValueError, match="(?s)'cat' in '.*shares.xml' lies within.*10x20"):
    box_files.read_voc_boxes(path, NAMES)
  path = voc(tmp_path / "one.xml", [("cat", 1, 1, 1, 1, 0)])  # the first pixel itself
  np.testing.assert_allclose(box_files.read_voc_boxes(path, NAMES)[0], [[0, 0, 0.05, 0.1]])


def test_broken_files_say_which_and_why(tmp_path):
  (tmp_path / "cut.xml").write_text("<annotation><size>")
  (tmp_path / "text.xml").write_text("<annotation><size><width>x</width><height>2</height></size>"
                                     "</annotation>")
  for name, reader, match in [
      ("cut.xml", box_files.read_voc_boxes, "cannot be read"),
      ("text.xml", box_files.read_voc_boxes, "no number in <size/width>")]:
    with pytest.raises(ValueError, match=match) as info:
      reader(tmp_path / name, NAMES)
    assert name in str(info.value) and "Expected:" in str(info.value)
  with pytest.raises(FileNotFoundError, match="gone"):
    box_files.read_voc_boxes(tmp_path / "gone", NAMES)


def test_real_annotations_enclose_the_pixels_of_their_class(shared_data):
  root = shared_data("voc_animals")
  image = pytest.importorskip("PIL.Image")
  names = ["background", "cat", "cow", "dog", "horse", "sheep"]
  voc_ids = [0, 8, 10, 12, 13, 17]
  shares = []
  for path in sorted((root / "Annotations").glob("*.xml"))[::4]:
    boxes, classes = box_files.read_voc_boxes(path, names, unknown="drop")
    mask = np.asarray(image.open(root / "SegmentationClassAug" / (path.stem + ".png")))
    for index in range(1, len(names)):
      covered = np.zeros(mask.shape, bool)
      for ymin, xmin, ymax, xmax in boxes[classes == index]:
        covered[round(ymin * mask.shape[0]):round(ymax * mask.shape[0]),
                round(xmin * mask.shape[1]):round(xmax * mask.shape[1])] = True
      if (mask == voc_ids[index]).any():
        shares.append(covered[mask == voc_ids[index]].mean())
  # A few photographs have fewer boxes than masks, so not every share is 1.
  assert np.median(shares) == 1.0
  assert np.mean(np.array(shares) > 0.95) > 0.95


# === YOLO ===


def yolo(path, *lines):
  """Writes a YOLO file."""
  path.write_text("\n".join(lines))
  return path


def test_yolo_gives_the_box_of_the_same_pixels(tmp_path):
  """Rows 5..14 of 20 and columns 2..6 of 10, as in the first test."""
  path = yolo(tmp_path / "a.txt", "1 0.45 0.5 0.5 0.5", "", "0.0 .5 .5 1 1")
  boxes, classes = box_files.read_yolo_boxes(path, NAMES)
  np.testing.assert_allclose(boxes, [[5 / 20, 2 / 10, 15 / 20, 7 / 10], [0, 0, 1, 1]], atol=1e-7)
  assert classes.tolist() == [2, 1]
  assert boxes.dtype == np.float32 and classes.dtype == np.int32


def test_an_empty_yolo_file_is_an_image_without_objects(tmp_path):
  boxes, classes = box_files.read_yolo_boxes(yolo(tmp_path / "a.txt"), NAMES)
  assert boxes.shape == (0, 4) and classes.shape == (0,)


@pytest.mark.parametrize("line, match", [
    ("0 .1 .1 .1", "a.txt:1' is no box"), ("0 .1 .1 .1 x", "is no box"),
    ("0 .1 .1 .2 .1 .3 .3", "is no box"), ("2 .5 .5 .1 .1", "class list.*\n.*'2'"),
    ("dog .5 .5 .1 .1", "class list"), ("0 .9 .5 .4 .1", "outside of its image"),
    ("0 .5 .5 0 .1", "is empty"), ("1 5 5 2 2", "class 'dog' .*outside")])
def test_yolo_lines_of_another_form_are_refused(tmp_path, line, match):
  with pytest.raises(ValueError, match=match):
    box_files.read_yolo_boxes(yolo(tmp_path / "a.txt", line), NAMES)


def test_yolo_rounding_is_clipped_and_unknown_classes_may_be_dropped(tmp_path):
  path = yolo(tmp_path / "a.txt", "0 .5 .5 1.000002 1.01", "7 .5 .5 .1 .1")
  boxes, classes = box_files.read_yolo_boxes(path, NAMES, unknown="drop")
  assert boxes.tolist() == [[0, 0, 1, 1]] and classes.tolist() == [1]
  with pytest.raises(FileNotFoundError, match="gone"):
    box_files.read_yolo_boxes(tmp_path / "gone.txt", NAMES)


# === What a file says of its image ===


@pytest.mark.parametrize("size", [(0, 0), ("", ""), (20, 0), (0, 10)])
def test_the_header_serves_where_the_claim_is_missing(tmp_path, size):
  path = voc(tmp_path / "a.xml", [("cat", 1, 1, 10, 5, 0)], size=size)
  boxes, _ = box_files.read_voc_boxes(path, NAMES, size=(20, 10))
  np.testing.assert_allclose(boxes, [[0, 0, 0.5, 0.5]])
  path.write_text(path.read_text().split("<size>")[0] + path.read_text().split("</size>")[1])
  np.testing.assert_array_equal(box_files.read_voc_boxes(path, NAMES, size=(20, 10))[0], boxes)


@pytest.mark.parametrize("size, word", [((40, 20), "20x40"), ((10, 20), "exchanged"),
                                        ((0, 9), "9xunknown"), ((21, 10), "10x21")])
def test_a_claim_of_another_size_is_refused(tmp_path, size, word):
  path = voc(tmp_path / "a.xml", [("cat", 1, 1, 5, 5, 0)], size=size)
  with pytest.raises(ValueError, match="(?s)another size.*Expected: 10x20") as info:
    box_files.read_voc_boxes(path, NAMES, size=(20, 10))
  assert word in str(info.value) or word == "9xunknown" and "9x" in str(info.value)


@pytest.mark.parametrize("old, new", [
    ("<name>cat</name>", "<name>cat</name><name>dog</name>"),
    ("<bndbox>", "<bndbox></bndbox><bndbox>"), ("<size>", "<size></size><size>"),
    ("<xmin>", "<xmin>1</xmin><xmin>")])
def test_two_elements_where_one_belongs_are_refused(tmp_path, old, new):
  path = voc(tmp_path / "a.xml", [("cat", 1, 1, 5, 5, 0)])
  path.write_text(path.read_text().replace(old, new, 1))
  with pytest.raises(ValueError, match="several <"):
    box_files.read_voc_boxes(path, NAMES)


def test_the_background_has_no_boxes(tmp_path):
  path = voc(tmp_path / "a.xml", [("background", 1, 1, 5, 5, 0)])
  with pytest.raises(ValueError, match="class list"):
    box_files.read_voc_boxes(path, NAMES)
  assert not len(box_files.read_voc_boxes(path, NAMES, unknown="drop")[1])


def test_yolo_numbers_are_those_of_their_legend(tmp_path):
  path = yolo(tmp_path / "a.txt", "0 .5 .5 1 1", "1 .5 .5 .5 .5")
  assert box_files.read_yolo_boxes(path, NAMES, legend=("dog", "cat"))[1].tolist() == [2, 1]
  with pytest.raises(ValueError, match="a.txt:2.*class list.*\n.*'cow'"):
    box_files.read_yolo_boxes(path, NAMES, legend=("dog", "cow"))
  found = box_files.read_yolo_boxes(path, NAMES, legend=("dog", "cow"), unknown="drop")
  assert found[1].tolist() == [2]


def test_legends_are_lists_of_names_or_yaml(tmp_path):
  (tmp_path / "classes.txt").write_bytes(b"\xef\xbb\xbfdog\r\ncat\r\n")
  for name, text in (("a.yaml", "names: [dog, cat]"), ("b.yml", "names: {1: cat, 0: dog}")):
    (tmp_path / name).write_text(text)
    assert box_files.read_legend(tmp_path / name) == ("dog", "cat")
  assert box_files.read_legend(tmp_path / "classes.txt") == ("dog", "cat")
  for text in ("names: {1: cat, 2: dog}", "names: [1, 2]", "nc: 2", "- a"):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match="names"):
      box_files.read_legend(tmp_path / "a.yaml")
