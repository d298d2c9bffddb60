"""What lies in a folder unread is said."""
import pytest

from keras_weakseg.data.checks import check
from keras_weakseg.data.readers import unread_files
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import video


@pytest.mark.parametrize("name, images, masks, lonely", [
    ("images/b.webp", ["b.webp"], [], {}), ("images/sub/b.TIF", ["sub/b.TIF"], [], {}),
    ("masks/a1.jpg", [], ["a1.jpg"], {}), ("masks/a1.bmp", [], ["a1.bmp"], {}),
    ("masks/a1.npy", [], ["a1.npy"], {}), ("masks/a1_mask.png", [], [], {"a1_mask": "a1"}),
    ("masks/zz.png", [], [], {"zz": ""}), ("images/notes.txt", [], [], {}),
    ("images/.b.webp", [], [], {})])
def test_files_are_named(mini, name, images, masks, lonely):
  (mini / name).parent.mkdir(exist_ok=True)
  (mini / name).touch()
  source = folder.Folder(mini)
  assert source.unread() == unread_files.Unread(images, masks, lonely)
  warned = [problem.what for problem in check.check_data(source, quick=True).problems
            if problem.severity == "warning"]
  assert len(warned) == bool(images or masks or lonely)
  for each in (*images, *masks, *lonely, *filter(None, lonely.values())):
    assert each in warned[0]


def test_masks_that_are_not_used_are_not_looked_for(mini):
  (mini / "masks" / "x.jpg").touch()
  assert folder.Folder(mini, masks=None).unread().masks == []


def test_frames_and_films_of_other_kinds_are_in_the_plan(tmp_path, frames):
  frames(tmp_path / "drive")
  for name in ("drive/x.webp", "y.flv"):
    (tmp_path / name).touch()
  notes = video.Video(tmp_path, "20 20 7.5 5.5").notes
  assert any("not read: drive/x.webp, y.flv" in note for note in notes)
  assert any("not read: drive/x.webp" in note for note in check.check_data(
      video.Video(tmp_path, "20 20 7.5 5.5"), quick=True).notes)


def test_labels_in_places_of_other_tools_are_named(mini):
  (mini / "tags.json").unlink()
  (mini / "tags.csv").write_text("id,tags\na1,dog\n")
  (mini / "boxes").rename(mini / "labels")
  (mini / "images" / "_annotations.coco.json").write_text("{}")
  names = ("tags.csv", "labels", "images/_annotations.coco.json")
  assert folder.Folder(mini).unread().labels == names
  assert "look like labels and are not read: images/_ann" in check.check_data(
      folder.Folder(mini)).text()
  assert folder.Folder(mini, tags="tags.csv", boxes="labels").unread().labels == ()
  assert folder.Folder(mini, tags=None, boxes=None).unread().labels == ()
