"""Tests of `serving.settings`: values that cannot be used, and what documents give back."""
import dataclasses
import pathlib

import pytest

from keras_weakseg.serving import settings
from keras_weakseg.tasks.depth import export as depth_export
from keras_weakseg.tasks.segmentation import export as segmentation_export
from keras_weakseg.tasks.tags import export as tag_export


@pytest.mark.parametrize("values, message", [
    ({"max_pixels": -1}, "limit of pixels.*whole number"),
    ({"max_pixels": 1.5}, "limit of pixels"),
    ({"broken_images": "ignore"}, "broken_images 'ignore'.*answer, refuse"),
    ({"precision": "half"}, "precision 'half'.*float32, trained"),
    ({"fixed_size": (32,)}, "size of the signature"),
    ({"fixed_size": (32, 0)}, "size of the signature"),
])
def test_what_cannot_be_used_is_refused(values, message):
  with pytest.raises(ValueError, match=f"(?s){message}"):
    settings.Settings(**values)


def test_a_document_gives_back_what_it_holds():
  given = settings.Settings(7, "answer", "trained", [8, 9])
  assert settings.Settings(**settings.of_document({**given.as_dict(), "task": "x"})) == given
  assert settings.of_document({"task": "depth"}) == {}


def test_the_pages_name_what_there_is():
  folder = pathlib.Path(__file__).resolve().parents[2]
  read = lambda place: (folder / place).read_text(encoding="utf-8")
  page, operating = read("saved_models/README.md"), read("saved_models/OPERATING.md")
  for field in dataclasses.fields(settings.Settings):
    assert f"| `{field.name}` |" in page, field.name
  limits = {task: str(export.MAX_PIXELS) for task, export in (
      ("classes", segmentation_export), ("depth", depth_export), ("tags", tag_export))}
  assert f"| {limits['classes']} (classes), {limits['depth']} (depth, tags) |" in page
  assert limits["depth"] == limits["tags"] and limits["classes"] in operating
  for signature in ("serving_default", "predict_images", "predict_fixed", "metadata",
                    "metadata_rows", "predict_inferred"):
    assert f"`{signature}`" in operating, signature
  for place in ("saved_models/README.md", "saved_models/OPERATING.md"):
    assert f"]({place})" in read("README.md")
