"""Tests of the HTML page: links, escaping."""
import html.parser
import urllib.parse

import pytest

from keras_weakseg.evaluation import gallery

LOOK = {"classes": ("back & ground", "cat"), "palette": ((0, 0, 0), (200, 10, 20))}


class Page(html.parser.HTMLParser):
  """Collects links, texts and the balance of tags."""

  def __init__(self, text):
    super().__init__()
    self.links, self.texts, self.open = [], [], []
    self.feed(text)

  def handle_starttag(self, tag, attrs):
    self.links += [value for key, value in attrs if key in ("href", "src")]
    if tag not in ("meta", "img", "br"):
      self.open.append(tag)

  def handle_endtag(self, tag):
    assert self.open.pop() == tag

  def handle_data(self, data):
    self.texts.append(data.strip())


def record(name, overlay=True):
  return {"name": name, "mask": f"{name}.png",
          "overlay": f"{name}_overlay.jpg" if overlay else None, "width": 40, "height": 30,
          "classes": {"cat": 0.75, "back & ground": 0.25}}


@pytest.mark.parametrize("name", ["plain", "a b", "50%#1?", "<b>&\"'", "Übung"])
def test_names_of_all_kinds_become_working_relative_links(tmp_path, name):
  gallery.write_index(tmp_path / "index.html", [record(name)], **LOOK)
  page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
  assert [urllib.parse.unquote(link) for link in page.links] == [
      f"./{name}.png", f"./{name}_overlay.jpg"]
  assert all(urllib.parse.urlparse(link)[0] == "" and "#" not in link for link in page.links)
  assert name in page.texts and not page.open


def test_legend_and_shares_are_readable(tmp_path):
  gallery.write_index(tmp_path / "index.html", [record("a"), record("b", overlay=False)],
                      title="Cats & dogs", subtitle="2 images", **LOOK)
  text = (tmp_path / "index.html").read_text()
  page = Page(text)
  assert {"Cats & dogs", "2 images", "back & ground"} <= set(page.texts)
  assert any("cat 75.0 %" in part for part in page.texts)
  assert "rgb(200,10,20)" in text and page.links[2:] == ["./b.png", "./b.png"]
