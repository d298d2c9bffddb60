"""Every row of the table of what readers take, refuse and convert; labels of no image are kept."""
import json

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.data.checks import check
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import folder_labels
from keras_weakseg.files import json_files
from keras_weakseg.files import text as texts

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")
COCO = {"images": [{"id": 1, "file_name": "a1.png", "width": 16, "height": 12}],
        "categories": [{"id": 9, "name": "dog"}],
        "annotations": [{"image_id": 1, "category_id": 9, "bbox": [2, 1, 4, 4]}]}


def sample(root, name="a1", **options):
  """Returns one sample as training reads it, with every label."""
  source = folder.Folder(root, **{"validation": ["a0"], **options})
  return next(iter(source.samples("train", ids=(name,)).as_numpy_iterator()))


def tags(root, text, file="t.csv", **options):
  (root / file).write_bytes(text if isinstance(text, bytes) else text.encode())
  return sample(root, tags=file, masks=None, boxes=None, **options)[fields.TAGS].tolist()


def boxes(root, change=lambda content: None):
  """Returns boxes and classes of a1 by a COCO file that is changed."""
  content = json.loads(json.dumps(COCO))
  change(content)
  (root / "b.json").write_text(json.dumps(content))
  found = sample(root, boxes="b.json", masks=None, tags=None)
  np.testing.assert_allclose(found[fields.BOXES], [[1 / 12, 2 / 16, 5 / 12, 6 / 16]], atol=1e-6)
  return found[fields.BOX_CLASSES].tolist()


def voc(root, old, new, encoding="utf-8"):
  """Returns the boxes of a1 after a change of its XML file."""
  path = root / "boxes" / "a1.xml"
  path.write_bytes(path.read_text().replace(old, new, 1).encode(encoding))
  return sample(root, masks=None, tags=None)[fields.BOXES]


def said(root, **options):
  """Returns the text of check-data."""
  return check.check_data(folder.Folder(root, **{"validation": ["a0"], **options})).text()


def refused(words, act):
  with pytest.raises((ValueError, OSError), match="(?s)" + words):
    act()


def patched(root, png, paint):
  for number in range(10):
    mask = np.zeros((12, 16), np.uint8)
    mask[1:5, 2:6] = 1
    image = Image.fromarray(mask).convert("P")
    image.putpalette(sum(paint(number), ()))
    image.frombytes(mask.tobytes())
    image.save(root / "masks" / f"a{number}.png")


CHECKS = {}


def row(where, what):
  return lambda function: CHECKS.setdefault((where, what), function)


@row("any text, JSON, CSV", "UTF-8 with a mark, line ends of Windows")
def _(root, png):
  assert tags(root, b"\xef\xbb\xbfid,tags\r\na1,dog\r\n") == [1, 0, 1]
  assert tags(root, b'\xef\xbb\xbf{"a1": ["dog"]}\r\n', "t.json") == [1, 0, 1]
  for name in ("classes.txt", "v.txt"):
    lines = (root / "classes.txt").read_text().split() if name[0] == "c" else ["a0"]
    (root / name).write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
  (root / "m.txt").write_bytes(b"\xef\xbb\xbfa1 mask\r\n")
  source = folder.Folder(root, validation="v.txt", manifest="m.txt")
  assert source.classes == ("background", "cat", "dog") and source.ids("val") == ("a0",)
  assert source.supervision("train", ids=("a1",)).tolist() == [7]
  assert len(boxes(root)) == 1


@row("any text, JSON, CSV", "UTF-16, Windows-1252, GBK")
def _(root, png):
  refused("t.csv.*UTF-16", lambda: tags(root, "id,tags\na1,dog".encode("utf-16")))
  refused("t.json.*e9 22 5d.*in line 1", lambda: tags(root, b'{"a1": ["caf\xe9"]}', "t.json"))
  (root / "classes.txt").write_bytes("background\ncaf\u00e9\n".encode("cp1252"))
  refused("classes.txt.*line 2", lambda: folder.Folder(root))


@row("any", "a folder, a pipe, a device, more than its limit")
def _(root, png):
  for options in ({"manifest": "images"}, {"validation": "images"}):
    refused("images' cannot be read.*a folder", lambda: folder.Folder(root, **options))
  (root / "t.json").mkdir()
  refused("a folder", lambda: sample(root, tags="t.json"))
  refused("at most 3 bytes", lambda: texts.read_text(root / "classes.txt", limit=3))


@row("JSON", "a key twice in one object")
def _(root, png):
  refused("'a1' in the lines 1, 2",
          lambda: tags(root, '{"a1": ["dog"],\n "a1": ["cat"]}', "t.json"))
  (root / "m.json").write_text('{"mask": ["a1"], "mask": ["a2"]}')
  refused("'mask'", lambda: folder.Folder(root, manifest="m.json"))


@row("JSON", "an entry missing, null or of another type")
def _(root, png):
  refused(r"a1\[1\]", lambda: tags(root, '{"a1": ["dog", 3]}', "t.json"))
  refused("annotations.*bbox",
          lambda: boxes(root, lambda content: content["annotations"][0].update(bbox="x")))


@row("CSV tags", "an id in several rows, names in several cells")
def _(root, png):
  for text in ("a1,dog\na1,cat", "a1,dog,cat", "a1,dog;cat", "a1,dog\na1.png,cat\na1,"):
    assert tags(root, "id,tags\n" + text) == [1, 1, 1]


@row("tags", "a name that is no class, with commas")
def _(root, png):
  assert tags(root, 'id,tags\na1,"dog, cat"') == [1, 1, 1]
  assert tags(root, 'id,tags\na1,"dog, cat"', classes=("background", "dog, cat")) == [1, 1]
  refused("'cow'", lambda: tags(root, 'id,tags\na1,"dog, cow"'))
  assert tags(root, 'id,tags\na1,"dog, cow"', unknown_names="drop") == [1, 0, 1]


@row("CSV tags", "a row without id, without a cell of tags; other columns")
def _(root, png):
  for text, words in (("id,tags\na2,cat\na1", "line 3"), ("id,tags\n,dog", "line 2"),
                      ("id,tags,weight\na1,dog,1", "the header"), ("id;tags\na1;dog", "header")):
    refused(words, lambda text=text: tags(root, text))
  assert tags(root, "id,tags\na1,\n") == [1, 0, 0]


@row("CSV tags", "columns of probabilities, as `predict` writes them")
def _(root, png):
  header = "id,tags,dog,cat\n"
  assert tags(root, header + "a1,cat,0.900000,0.400000\na2,,0.100000,0.000001\n") == [1, 1, 0]
  for cells in ("1,0", "0.4,0.9", "0.400000", "cat,0.900000"):
    refused("the header", lambda cells=cells: tags(root, header + f"a1,,{cells}\n"))


@row("ids", "`a.jpg`, `train\\a`, `./a`, `images/a.jpg`")
def _(root, png):
  png(root / "images" / "train" / "a1.png", np.zeros((12, 16, 3), np.uint8))
  content = "id,tags\ntrain\\a1.png,cat\nimages/a1.png,dog\n"
  assert tags(root, content, name="train/a1") == [1, 1, 0] and tags(root, content) == [1, 0, 1]
  (root / "m.txt").write_text("train\\a1 mask\n./a1.png tags\n")
  source = folder.Folder(root, manifest="m.txt", validation=["a0.png"])
  assert source.supervision("train", ids=("a1", "train/a1")).tolist() == [1, 0]
  assert boxes(root, lambda content: content["images"][0].update(file_name="images\\a1.png")) == [2]


@row("ids", "the last part of a path alone")
def _(root, png):
  png(root / "images" / "train" / "b.png", np.zeros((12, 16, 3), np.uint8))
  refused("names 1 samples.*b", lambda: folder.Folder(root, validation=["b"]))
  content = {**COCO, "images": [*COCO["images"], {"id": 2, "file_name": "b.png"},
                                {"id": 3, "file_name": "val/a1.png"}]}
  content["annotations"] = [dict(COCO["annotations"][0], image_id=number) for number in (1, 2, 3)]
  (root / "b.json").write_text(json.dumps(content))
  assert "2 box files, or images of the COCO file, have no image: b.png, val/a1.png" in said(
      root, boxes="b.json")
  assert folder.Folder(root, boxes="b.json", tags=None).supervision(
      "train", fields.Supervision.BOXES, ("train/b",)).tolist() == [0]


@row("ids", "numbers")
def _(root, png):
  for options in ({"validation": [0, 1]}, {"splits": {"train": [0]}}, {"validation": 3}):
    refused("does not hold ids.*in quotes", lambda: folder.Folder(root, **options))
  (root / "m.json").write_text('{"mask": [0, 1]}')
  refused(r"mask\[0\]", lambda: folder.Folder(root, manifest="m.json"))
  refused("does not hold ids", lambda: folder.Folder(root).samples("train", ids=[1]))
  refused("dict of split name", lambda: folder.Folder(root, splits="train.txt"))
  refused("class names", lambda: folder.Folder(root, classes=[0, 1]))
  refused("class names", lambda: folder.Folder(root, classes="dog"))


@row("masks, tags, boxes", "of no image")
def _(root, png):
  png(root / "masks" / "z" / "a1.png", np.zeros((12, 16), np.uint8))
  (root / "boxes" / "y.xml").write_text((root / "boxes" / "a1.xml").read_text())
  (root / "tags.json").write_text('{"a1": ["dog"], "x/a1": ["cat"]}')
  text = said(root)
  for words in ("1 masks have no image: z/a1", "1 box files, or images of the COCO file, have no "
                "image: y", "1 entries of the tag file have no image: x/a1", "can be trained on"):
    assert words in text, text


@row("masks, tags, boxes", "of one kind, all of no image")
def _(root, png):
  (root / "tags.json").write_text('{"x/a1": ["cat"], "x/a2": ["cat"]}')
  text = said(root)
  assert "belongs to an image: tags (2 without an image, such as x/a1)" in text
  assert "would go wrong" in text


@row("masks", "label maps whose record names other classes")
def _(root, png):
  record = root / "label_maps.json"
  record.write_text(json.dumps({"classes": ["background", "dog", "cat"]}))
  refused("label maps in .* are of other classes.*background, cat, dog.*background, dog, cat",
          lambda: folder.Folder(root).supervision("train"))
  assert folder.Folder(root, remap={0: 0, 1: 2, 2: 1}, held_out=0.0).supervision("train").all()
  record.unlink()


@row("masks", "palettes that differ in a used value")
def _(root, png):
  patched(root, png, lambda number: [(0, 0, 0), (200, 0, 0)])
  assert "can be trained on" in said(root)
  patched(root, png, lambda number: [(0, 0, 0), (200 * (number % 2), 200, 0)])
  text = said(root)
  assert "value 1 (rgb " in text and "would go wrong" in text and "grey PNGs" in text


@row("VOC", "`<size>` absent, empty or 0")
def _(root, png):
  expected = voc(root, "", "")
  size = "<size><width>16</width><height>12</height><depth>3</depth></size>"
  for new in ("<size><width>0</width><height>0</height></size>", "<size></size>", ""):
    np.testing.assert_array_equal(voc(root, size, new), expected)
    size = new or "never"


@row("VOC", "`<size>` of another or a turned image")
def _(root, png):
  size = "<width>16</width><height>12</height>"
  refused("16x12 .*24x18", lambda: voc(root, size, "<width>24</width><height>18</height>"))
  assert "24x18" in said(root)
  refused("exchanged.*EXIF", lambda: voc(
      root, "<width>24</width><height>18</height>", "<width>12</width><height>16</height>"))


@row("VOC", "two `<name>`, `<bndbox>` or `<size>` where one belongs")
def _(root, png):
  refused("several <name>", lambda: voc(root, "<name>", "<name>cat</name><name>"))


@row("VOC", "shares of the sides in place of pixels, as in COCO")
def _(root, png):
  (root / "boxes").mkdir(exist_ok=True)
  (root / "boxes" / "a1.xml").write_text(
      "<annotation><object><name>cat</name><bndbox><xmin>0.2</xmin><ymin>0.2</ymin><xmax>0.7</xmax>"
      "<ymax>0.7</ymax></bndbox></object></annotation>")
  refused("class 'cat'.*within the first pixel", lambda: folder.Folder(root).boxes_of("a1"))


@row("VOC", "entities, an encoding that is not known")
def _(root, png):
  refused("entities", lambda: voc(
      root, "<annotation>", '<!DOCTYPE a [<!ENTITY b "b">]><annotation>'))
  refused("klingon", lambda: voc(
      root, '<!DOCTYPE a [<!ENTITY b "b">]>', '<?xml version="1.0" encoding="klingon"?>'))


@row("COCO", "`width` or `height` absent, null or 0")
def _(root, png):
  for value in ({"width": None, "height": None}, {"width": 0, "height": 0}, {"width": None}):
    assert boxes(root, lambda content: content["images"][0].update(value)) == [2]
  assert boxes(root, lambda content: content["images"][0].pop("width")) == [2]


@row("COCO", "`width` and `height` of another or a turned image")
def _(root, png):
  for size in ((24, 18), (12, 16)):
    refused("'a1.png' is of an image of another size", lambda: boxes(
        root, lambda content: content["images"][0].update(width=size[0], height=size[1])))
  assert "another size" in said(root, boxes="b.json")


@row("COCO", "no `bbox`, but a `segmentation`")
def _(root, png):
  def change(content):
    content["annotations"][0] = {"image_id": 1, "category_id": 9,
                                 "segmentation": [[2, 1, 6, 1, 6, 5, 2, 5]]}
  assert boxes(root, change) == [2]


@row("COCO", "no `category_id`, `image_id`, `file_name`, `id`")
def _(root, png):
  for kind, key in (("annotations", "category_id"), ("annotations", "image_id"),
                    ("images", "file_name"), ("images", "id"), ("categories", "id")):
    refused(rf"{kind}\[0\].{key}", lambda: boxes(root, lambda content: content[kind][0].pop(key)))
    assert f"{kind}[0].{key}" in said(root, boxes="b.json")


@row("COCO", "an id of images or categories twice")
def _(root, png):
  for kind in ("images", "categories"):
    refused(f"the same id.*{kind}", lambda: boxes(
        root, lambda content: content[kind].append(dict(content[kind][0], name="x"))))


@row("COCO", "a crowd")
def _(root, png):
  content = json.loads(json.dumps(COCO))
  content["annotations"][0]["iscrowd"] = 1
  (root / "b.json").write_text(json.dumps(content))
  options = {"boxes": "b.json", "tags": None}
  found = sample(root, masks=None, **options)
  assert found[fields.BOX_CLASSES].tolist() == [255] and found[fields.TAGS].tolist() == [1, 0, 1]
  png(root / "masks" / "a1.png", np.where(np.arange(16) > 7, 255, np.zeros((12, 16))).astype("u1"))
  assert sample(root, **options)[fields.TAGS].tolist() == [1, 0, 1]


@row("YOLO", "`classes.txt`, `data.yaml`, `obj.names` at the boxes")
def _(root, png):
  for path in (root / "boxes").iterdir():
    path.unlink()
  (root / "boxes" / "a1.txt").write_text("0 .5 .5 .5 .5\n")
  read = lambda: sample(root, tags=None, masks=None)[fields.BOX_CLASSES].tolist()
  assert read() == [1]
  (root / "boxes" / "classes.txt").write_text("dog\ncat\n")
  assert read() == [2] and "have no image" not in said(root, tags=None)
  (root / "data.yaml").write_text("names: {0: cat, 1: dog}")
  refused("several meanings", read)
  (root / "boxes" / "classes.txt").unlink()
  assert read() == [1]
  (root / "data.yaml").unlink()
  (root / "obj.names").write_text("dog\ncat\n")
  assert read() == [2]


@row("manifest", "an id twice, also in two spellings")
def _(root, png):
  for text in ("a1 mask\na1 tags\n", "a1 mask\na1.png tags\n"):
    (root / "m.txt").write_text(text)
    refused("names a sample twice", lambda: folder.Folder(root, manifest="m.txt"))


def metres(root, scale=None, file="a1.npy", values=None, **options):
  """Returns the depth of a1 after its map is written."""
  import cv2
  place = root / "depth" / file
  place.parent.mkdir(exist_ok=True)
  values = np.full((12, 16), 3, np.uint16) if values is None else np.asarray(values)
  np.save(place, values) if file.endswith("npy") else cv2.imwrite(str(place), values)
  source = folder.Folder(root, depth_scale=scale, validation=["a0"], **options)
  found = broken.read_samples(source, "train", ("a1",), grant=fields.Supervision.DEPTH,
                              wanted=(fields.IMAGE, fields.SAMPLE_ID, fields.DEPTH))
  return np.asarray(next(found)[fields.DEPTH])


@row("depth", "PNG, or whole numbers, without `depth_scale`")
def _(root, png):
  refused("unit of the depth.*depth_scale=1000", lambda: metres(root, file="a2.png"))
  (root / "depth" / "a2.png").unlink()
  refused("unit of the depth.*a1.npy.*uint16", lambda: metres(root))


@row("depth", "PNG of 8 or 16 bits and arrays with `depth_scale`")
def _(root, png):
  assert (metres(root, 2) == 1.5).all() and (metres(root, 1) == 3).all()
  (root / "depth" / "a1.npy").unlink()
  for kind in (np.uint8, np.uint16):
    assert (metres(root, 4.0, "a1.png", np.full((12, 16), 2, kind)) == 0.5).all()


@row("depth", "NaN, infinity and 0")
def _(root, png):
  values = np.full((12, 16), 2.5)
  values[0, :3] = np.nan, np.inf, 0
  depth = metres(root, values=values)
  assert depth[0, :4].tolist() == [0, 0, 0, 2.5]


@row("depth", "negative values, colours, several maps in a file")
def _(root, png):
  refused("negative values", lambda: metres(root, values=np.full((12, 16), -1.0)))
  refused(r"\[2, 12, 16\]", lambda: metres(root, values=np.ones((2, 12, 16))))
  (root / "depth" / "a1.npy").unlink()
  refused("in colours", lambda: metres(root, 1, "a1.png", np.ones((12, 16, 3), np.uint8)))


@row("depth", "of another size than its image")
def _(root, png):
  refused("another size than its image.*12x16.*16x12", lambda: metres(
      root, values=np.ones((16, 12))))
  assert "16x12" in said(root) and "would go wrong" in said(root)


@row("depth", "of no image")
def _(root, png):
  metres(root, values=np.ones((12, 16)))
  metres(root, values=np.ones((12, 16)), file="b1.npy")
  text = said(root)
  assert "1 depth maps have no image: b1" in text and "can be trained on" in text


def table():
  lines = [line for line in folder_labels.__doc__.splitlines() if line.startswith("| ")]
  return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines][1:]


def test_the_table_and_its_checks_are_the_same():
  assert [line[:2] for line in table()] == list(CHECKS)
  assert all(line[2][:2] in ("+ ", "x ", "> ") for line in table())


@pytest.mark.parametrize("key", CHECKS, ids=" ".join)
def test_readers_do_what_the_table_says(mini, png, key):
  CHECKS[key](mini, png)


def test_a_label_file_is_read_when_it_is_asked_for(mini):
  (mini / "b.json").write_text("broken")
  source = folder.Folder(mini, boxes="b.json", validation=["a0"])
  assert source.supervision("train", fields.Supervision.MASK).all()
  with pytest.raises(ValueError, match="b.json"):
    source.supervision("train", fields.Supervision.BOXES)
  assert json_files.read_json(mini / "tags.json")["a1"] == ["dog"]


@pytest.mark.parametrize("name", ["../mini/images/a0", "/etc/passwd", "images/../images/a0.png",
                                  "..\\a0", "a0/../a0"])
@pytest.mark.parametrize("where", ["splits", "validation", "manifest", "tags", "boxes"])
def test_names_that_lead_out_of_the_folder_are_no_images(mini, tmp_path, name, where):
  lists = {"splits": {"splits": {"train": ["a1", name]}}, "validation": {"validation": [name]},
           "manifest": {"manifest": "m.json"}, "tags": {"tags": "t.json"},
           "boxes": {"boxes": "b.json"}}
  (mini / "m.json").write_text(json.dumps({"mask": ["a1", name]}))
  (mini / "t.json").write_text(json.dumps({"a1": ["cat"], name: ["dog"]}))
  (mini / "b.json").write_text(json.dumps({
      "images": [{"id": 1, "file_name": name}], "categories": [{"id": 1, "name": "cat"}],
      "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 2]}]}))
  if where in ("tags", "boxes"):
    assert folder.Folder(mini, **lists[where]).orphans(where)[0] == (name,)
    return
  with pytest.raises(FileNotFoundError, match="names 1 samples without an image"):
    folder.Folder(mini, **lists[where])


def test_a_coco_file_in_the_folder_of_boxes_is_named(tmp_path):
  (tmp_path / "boxes").mkdir()
  (tmp_path / "boxes" / "instances.json").write_text("{}")
  refused("instances.json.*boxes='boxes/instances.json'", lambda: folder_labels.boxes(
      tmp_path, "boxes", {}, None))
