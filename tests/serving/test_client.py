"""Tests of `serving.client`: the JSON of a REST call, against a double of the server.

The double (server_double.py) runs where neither Keras nor keras_weakseg can be imported.
"""
import base64
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
from PIL import Image
import pytest

from keras_weakseg.serving import client
from keras_weakseg.tasks import rest_depths, rest_masks, rest_tags
from keras_weakseg.tasks.segmentation import protocol as protocols

README = pathlib.Path(__file__).resolve().parents[2] / "saved_models" / "README.md"
OPERATING = README.with_name("OPERATING.md")


def post(server, body, model="tiny"):
  request = urllib.request.Request(
      f"{server}/v1/models/{model}:predict", json.dumps(body).encode(),
      {"Content-Type": "application/json"})
  with urllib.request.urlopen(request) as response:
    return json.load(response)


def png(pixels):
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, "PNG")
  return buffer.getvalue()


@pytest.mark.parametrize("sizes", [[(30, 41)], [(30, 41), (17, 60), (64, 64), (25, 25)]])
def test_masks_come_back_at_each_images_size(kit, predictor, server, sizes):
  images = [kit.random_image(*size, seed=number) for number, size in enumerate(sizes)]
  found = rest_masks(post(server, client.rest_request(*map(png, images))))
  evaluator = kit.segmentation_model(predictor)
  assert len(found) == len(images)
  for (mask, class_ids), image in zip(found, images):
    np.testing.assert_array_equal(
        mask, np.asarray(evaluator.mask(image[None], protocols.Protocol()))[0])
    assert class_ids == sorted(np.unique(mask).tolist())


def test_the_request_holds_the_bytes_and_nothing_else():
  body = json.loads(json.dumps(client.rest_request(b"\xff\xd8", b"")))
  assert [base64.b64decode(row["b64"]) for row in body["instances"]] == [b"\xff\xd8", b""]
  assert list(body) == ["instances"]


@pytest.mark.parametrize("sizes", [[(30, 41)], [(30, 41), (17, 60), (64, 64)]])
def test_depths_come_back_at_each_images_size(kit, depth_predictor, depth_server, sizes):
  images = [kit.random_image(*size, seed=number) for number, size in enumerate(sizes)]
  found = rest_depths(post(depth_server, client.rest_request(*map(png, images)), "depth"))
  model = kit.depth_model(depth_predictor)
  assert [depth.shape for depth in found] == sizes
  for depth, image in zip(found, images):
    assert depth.dtype == np.float32
    assert np.abs(depth - model.depth(image[None])[0]).max() <= 0.5 / 1024


def test_the_scale_of_the_answer_makes_depth_of_the_values():
  values = base64.b64encode(png(np.array([[256, 1], [0, 65535]], np.uint16))).decode()
  rows = [{"depth_png_bytes": {"b64": values}, "depth_scale": scale} for scale in (256.0, 1.0)]
  metres, raw = rest_depths({"predictions": rows})
  np.testing.assert_array_equal(metres, [[1.0, 1 / 256], [0.0, 65535 / 256]])
  np.testing.assert_array_equal(raw, [[256, 1], [0, 65535]])


def test_the_range_and_unit_of_depth_are_within_reach_of_rest(depth_server):
  answer = post(depth_server, {"signature_name": "metadata_rows", "instances": [
      "unit", "depth_range", "depth_scale", "task"]}, "depth")
  assert [json.loads(text) for text in answer["predictions"]] == [
      "up to one factor per image", [0.5, 50.0], 1024.0, "depth"]


def test_padding_is_taken_off_the_class_ids():
  mask = base64.b64encode(png(np.full((2, 3), 7, np.uint8))).decode()
  answer = {"predictions": [{"mask_png_bytes": {"b64": mask}, "class_ids": [7, -1]}]}
  (found, class_ids), = rest_masks(answer)
  assert class_ids == [7] and found.shape == (2, 3) and (found == 7).all()


def test_named_rows_and_columns_are_answered_too(kit, server):
  content = {"b64": base64.b64encode(png(kit.random_image(20, 20))).decode()}
  row = post(server, {"instances": [{"image_bytes": content}]})["predictions"][0]
  columns = post(server, {"inputs": {"image_bytes": [content]}})["outputs"]
  assert columns["mask_png_bytes"] == [row["mask_png_bytes"]]
  assert columns["class_ids"] == [row["class_ids"]]


def test_the_document_is_within_reach_of_rest(kit, server):
  answer = post(server, {"signature_name": "metadata_rows", "instances": ["classes", "palette"]})
  classes, palette = (json.loads(text) for text in answer["predictions"])
  assert tuple(classes) == kit.classes and palette[1] == [128, 0, 0]
  with pytest.raises(urllib.error.HTTPError) as caught:
    post(server, {"signature_name": "metadata", "inputs": {}})
  assert b"Failed to get input map" in caught.value.read()


def test_a_broken_image_is_an_error_of_the_server(server):
  with pytest.raises(urllib.error.HTTPError) as caught:
    post(server, client.rest_request(b"no picture"))
  assert caught.value.code == 400


def test_what_the_server_says_of_an_error_is_told():
  answer = {"error": "The image is broken."}
  for read in (rest_masks, rest_depths, rest_tags, client.statuses):
    with pytest.raises(ValueError, match="(?s)refused.*Received: The image is broken"):
      read(answer)
    with pytest.raises(ValueError, match="(?s)no answer of an artifact.*for every image"):
      read({"predictions": [{"something": "else"}]})
    with pytest.raises(ValueError, match="(?s)no answer of an artifact"):
      read({})


def test_answers_are_read_in_rows_and_in_columns():
  png_bytes = png(np.full((2, 3), 7, np.uint8))
  encoded = {"b64": base64.b64encode(png_bytes).decode()}
  rest = {"outputs": {"mask_png_bytes": [encoded], "class_ids": [[7, -1]]}}
  grpc = {"mask_png_bytes": np.array([png_bytes], object), "class_ids": np.array([[7, -1]])}
  for answer in (rest, grpc):
    (mask, ids), = rest_masks(answer)
    assert ids == [7] and mask.tolist() == [[7] * 3] * 2
  assert rest_tags({"tag_names": np.array([[b"cat", b""]], object),
                    "probabilities": np.array([[0.0, 0.75]])}) == [(["cat"], [0.0, 0.75])]


def test_an_image_without_an_answer_is_empty_and_says_why():
  row = {"mask_png_bytes": {"b64": ""}, "class_ids": [-1], "status": "broken"}
  (mask, ids), = rest_masks({"predictions": [row]})
  assert mask.shape == (0, 0) and ids == []
  assert client.statuses({"predictions": [row]}) == ["broken"]
  depth, = rest_depths({"predictions": [{"depth_png_bytes": {"b64": ""}, "depth_scale": 256.0}]})
  assert depth.shape == (0, 0)


def refused(server, path, body=None):
  request = urllib.request.Request(f"{server}{path}", body and json.dumps(body).encode())
  with pytest.raises(urllib.error.HTTPError) as caught:
    urllib.request.urlopen(request)
  return caught.value.code, json.loads(caught.value.read())


def test_the_double_is_as_lenient_and_as_strict_as_the_server(kit, server):
  picture = base64.encodebytes(png(kit.random_image(40, 40))).decode()
  assert picture.count("\n") > 2
  body = {"signature_name": "", "instances": [{"b64": picture}]}
  assert rest_masks(post(server, body))[0][0].shape == (40, 40)
  code, answer = refused(server, "/v1/models/absent:predict", body)
  assert code == 404 and "Latest(absent)" in answer["error"]
  assert refused(server, "/v1/models/tiny/versions/7:predict", body)[0] == 404
  assert refused(server, "/v1/models/tiny:predict", {"signature_name": "x"})[0] == 400
  code, answer = refused(server, "/v1/models/slow:predict", body)
  assert code == 504
  with pytest.raises(ValueError, match="Timed out"):
    rest_masks(answer)


def test_status_and_metadata_are_there(server):
  get = lambda path: json.load(urllib.request.urlopen(f"{server}/v1/models/tiny{path}"))
  assert get("")["model_version_status"][0]["state"] == "AVAILABLE"
  assert get("/versions/1") == get("")
  signatures = get("/metadata")["metadata"]["signature_def"]["signature_def"]
  assert {"serving_default", "predict_images", "predict_fixed"} <= set(signatures)


def code_blocks(language, page=README):
  return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def at(code, address, model="tiny"):
  """Returns code of a page that asks a model of another server than the page's."""
  return code.replace("http://localhost:8501", address).replace("/quickstart:", f"/{model}:")


def test_the_python_of_the_readme_runs(kit, predictor, server, tmp_path):
  code, _ = code_blocks("python")
  image = kit.random_image(33, 52)
  (tmp_path / "photo.jpg").write_bytes(png(image))  # a decoder looks at bytes, not at names
  done = subprocess.run(
      [sys.executable, "-c", at(code, server)], cwd=tmp_path,
      text=True, check=False, capture_output=True)
  assert done.returncode == 0, done.stderr[-2000:]
  expected = np.asarray(
      kit.segmentation_model(predictor).mask(image[None], protocols.Protocol()))[0]
  np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "mask.png")), expected)
  assert all(kit.classes[number] in done.stdout for number in np.unique(expected))


def test_the_grpc_client_of_the_operators_page_runs(
    kit, predictor, double, server, tmp_path, monkeypatch):
  code, = code_blocks("python", OPERATING)
  image = kit.random_image(33, 52)
  (tmp_path / "photo.jpg").write_bytes(png(image))
  monkeypatch.chdir(tmp_path)
  exec(code.replace("localhost:8500", double.grpc).replace('"quickstart"', '"tiny"'), {})
  np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "mask.png")),
                                kit.segmentation_model(predictor).mask(image[None])[0])


def test_the_python_of_the_readme_for_depth_runs(kit, depth_predictor, depth_server, tmp_path):
  # It goes on where the one for masks has defined `ask` and `photo`.
  first, second = code_blocks("python")
  code = first.split("row, =")[0] + second
  image = kit.random_image(33, 52)
  (tmp_path / "photo.jpg").write_bytes(png(image))
  done = subprocess.run(
      [sys.executable, "-c", at(code, depth_server, "depth")], cwd=tmp_path,
      text=True, check=False, capture_output=True)
  assert done.returncode == 0, done.stderr[-2000:]
  middle = float(np.median(kit.depth_model(depth_predictor).depth(image[None])))
  assert done.stdout.startswith("(33, 52) ") and "up to one factor per image" in done.stdout
  assert abs(float(done.stdout.split()[2]) - middle) <= 1 / 1024


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_call_of_the_readme_runs(kit, server, tmp_path):
  code = next(block for block in code_blocks("sh") if "curl" in block)
  (tmp_path / "photo.jpg").write_bytes(png(kit.random_image(33, 52)))
  done = subprocess.run(["sh", "-c", at(code, server)], cwd=tmp_path,
                        text=True, check=False, capture_output=True)
  row, = json.loads(done.stdout)["predictions"]
  assert set(row) == {"mask_png_bytes", "class_ids"}


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("jq"),
                    reason="curl or jq is not installed")
def test_the_curl_call_of_the_operators_page_leaves_the_mask(kit, predictor, server, tmp_path):
  code = next(block for block in code_blocks("sh", OPERATING) if "curl" in block)
  image = kit.random_image(33, 52)
  (tmp_path / "photo.jpg").write_bytes(png(image))
  subprocess.run(["sh", "-c", at(code, server)], cwd=tmp_path, check=True)
  np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "mask.png")),
                                kit.segmentation_model(predictor).mask(image[None])[0])
