"""The tree is found where people have it, and everything that is missing is listed at once."""
import json
import zipfile

import pytest

from keras_weakseg.datasets.weakseg_coco import coco_tree


@pytest.mark.parametrize("place", ["", "coco", "COCO"])
@pytest.mark.parametrize("year", ["2014", "2017"])
def test_the_folders_may_lie_in_several_places(coco, tmp_path, place, year):
  coco.instances(tmp_path / place, year)
  records = coco_tree.open_tree(tmp_path, year)
  assert list(records) == ["train", "val"]
  prefix = "COCO_train2014_" if year == "2014" else ""
  assert [record.name for record in records["train"]] == [
      f"{prefix}{number:012d}" for number in coco.numbers["train"]]
  first = records["train"][0]
  assert first.image.parent == tmp_path / place / f"train{year}" and first.image.exists()
  assert first.size == coco.size and len(first.objects) == 4 and first.mask is None
  assert not records["train"][2].objects  # kept, though nobody annotated it


@pytest.mark.parametrize("beside", [False, True])
def test_panoptic_pngs_may_lie_in_annotations_or_beside(coco, tmp_path, beside):
  coco.panoptic(tmp_path, beside)
  record = coco_tree.open_tree(tmp_path, "2017", panoptic=True)["val"][0]
  folder = tmp_path if beside else tmp_path / "annotations"
  assert record.mask == folder / "panoptic_val2017" / "000000000139.png" and record.mask.exists()
  assert [item["category_id"] for item in record.objects] == [184, 1, 18, 1]


def extractor(tmp_path):
  """Returns a function that extracts archives side by side, and the list of those extracted."""
  done = []

  def extract(path):
    folder = tmp_path / "extracted" / str(len(done))
    with zipfile.ZipFile(path) as file:
      file.extractall(folder)
    done.append(path.name)
    return folder

  return extract, done


def test_the_official_archives_are_extracted_once(coco, tmp_path):
  manual = tmp_path / "manual"
  coco.instances(manual)
  for folder in ("train2017", "val2017"):
    coco.archive(manual / f"{folder}.zip", manual / folder)
  coco.archive(manual / "annotations_trainval2017.zip", manual / "annotations")
  extract, done = extractor(tmp_path)
  records = coco_tree.open_tree(manual, "2017", extract=extract)
  assert all(record.image.exists() for record in records["train"] + records["val"])
  assert sorted(done) == ["annotations_trainval2017.zip", "train2017.zip", "val2017.zip"]
  with pytest.raises(FileNotFoundError, match="instances_val2017.json"):
    coco_tree.open_tree(manual, "2017")


def test_archives_within_the_panoptic_archive_are_extracted_too(coco, tmp_path):
  manual = tmp_path / "manual"
  coco.panoptic(manual)
  for split in coco.numbers:
    folder = manual / "annotations" / f"panoptic_{split}2017"
    coco.archive(folder.with_suffix(".zip"), folder)
  coco.archive(manual / "panoptic_annotations_trainval2017.zip", manual / "annotations")
  extract, done = extractor(tmp_path)
  records = coco_tree.open_tree(manual, "2017", panoptic=True, extract=extract)
  assert all(record.mask.exists() for record in records["train"] + records["val"])
  assert sorted(done) == ["panoptic_annotations_trainval2017.zip", "panoptic_train2017.zip",
                          "panoptic_val2017.zip"]


def test_archives_are_left_alone_where_there_is_a_tree(coco, tmp_path):
  coco.instances(tmp_path)
  (tmp_path / "train2017.zip").write_bytes(b"not read")
  extract, done = extractor(tmp_path)
  assert coco_tree.open_tree(tmp_path, "2017", extract=extract) and not done


def test_every_missing_folder_and_file_is_listed(coco, tmp_path):
  with pytest.raises(FileNotFoundError) as info:
    coco_tree.open_tree(tmp_path, "2014")
  for piece in ("train2014", "val2014", "annotations/instances_train2014.json",
                "annotations/instances_val2014.json"):
    assert f"  {tmp_path / piece}\n" in str(info.value)
  assert "annotations_trainval2017.zip" in str(info.value)
  coco.panoptic(tmp_path)
  lost = [tmp_path / "train2017" / "000000000025.jpg",
          tmp_path / "annotations" / "panoptic_val2017" / "000000000139.png"]
  for path in lost:
    path.unlink()
  with pytest.raises(FileNotFoundError, match="2 of them missing") as info:
    coco_tree.open_tree(tmp_path, "2017", panoptic=True)
  assert all(f"  {path}\n" in str(info.value) for path in lost)


def test_missing_pieces_are_named_where_the_others_are(coco, tmp_path):
  coco.instances(tmp_path / "coco")
  lost = tmp_path / "coco" / "annotations" / "instances_val2017.json"
  lost.unlink()
  with pytest.raises(FileNotFoundError, match=str(lost)):
    coco_tree.open_tree(tmp_path, "2017")


def test_categories_of_another_data_set_are_refused(coco, tmp_path):
  coco.instances(tmp_path)
  path = tmp_path / "annotations" / "instances_train2017.json"
  content = json.loads(path.read_text())
  content["categories"][15]["name"] = "cow"
  path.write_text(json.dumps(content))
  with pytest.raises(ValueError, match="not those of COCO.*\n.*17 cow.*\n.*Folder"):
    coco_tree.open_tree(tmp_path, "2017")


def edited(root, change):
  path = root / "annotations" / "instances_train2017.json"
  content = json.loads(path.read_text())
  change(content)
  path.write_text(json.dumps(content))


def test_sizes_are_those_of_the_images(coco, tmp_path):
  coco.instances(tmp_path)
  edited(tmp_path, lambda content: content["images"][0].update(width=None, height=0))
  assert coco_tree.open_tree(tmp_path, "2017")["train"][0].size == coco.size
  edited(tmp_path, lambda content: content["images"][0].update(width=20, height=30))
  with pytest.raises(ValueError, match="exchanged"):
    coco_tree.open_tree(tmp_path, "2017")


@pytest.mark.parametrize("key, value", [("area", None), ("segmentation", None),
                                        ("category_id", 300), ("bbox", [1, 2])])
def test_objects_that_lack_something_are_refused(coco, tmp_path, key, value):
  coco.instances(tmp_path)
  edited(tmp_path, lambda content: content["annotations"][0].update({key: value}) if value else
         content["annotations"][0].pop(key))
  with pytest.raises(ValueError, match=key):
    coco_tree.open_tree(tmp_path, "2017")


def test_subfolders_stay_part_of_the_name(coco, tmp_path):
  coco.instances(tmp_path)
  first = tmp_path / "train2017" / "000000000009.jpg"
  (tmp_path / "train2017" / "sub").mkdir()
  first.rename(tmp_path / "train2017" / "sub" / first.name)
  edited(tmp_path, lambda content: content["images"][0].update(
      file_name="sub\\000000000009.jpg"))
  record = coco_tree.open_tree(tmp_path, "2017")["train"][-1]
  assert record.name == "sub/000000000009" and record.image.exists()
