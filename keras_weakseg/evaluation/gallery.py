"""An HTML page of predictions, with relative links, so that the folder can be moved or served."""
import html
import urllib.parse

from keras_weakseg.files import staging

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 24px; color: #1e1e1e; background: #fff }}
.legend span {{ display: inline-block; margin: 0 16px 6px 0; white-space: nowrap }}
.legend i {{ display: inline-block; width: 14px; height: 14px; margin-right: 6px;
  border: 1px solid #6e6e6e; vertical-align: -2px }}
.sheet {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 20px }}
figure {{ margin: 0 }} figure img {{ width: 100%; display: block; image-rendering: auto }}
figcaption {{ font-size: 13px; color: #555; overflow-wrap: anywhere }}
</style></head><body>
<h1>{title}</h1>
<p>{subtitle}</p>
<p class="legend">{legend}</p>
<div class="sheet">
{figures}
</div></body></html>
"""
_FIGURE = """<figure><a href="{mask}"><img src="{picture}" alt="{name}" width="{width}" \
height="{height}" loading="lazy" style="height:auto"></a>
<figcaption><b>{name}</b> {width}&times;{height}<br>{found}</figcaption></figure>"""


def write_index(path, records, *, classes=(), palette=(), title="Predictions", subtitle=""):
  """Writes an HTML page with a picture, the size and the classes of every record.

  Args:
    path: of the page, in the folder of the files that `records` name.
    records: dicts of `predict.predict`: `name`, `mask` and `overlay` (file names or None),
      `width`, `height`, `classes` {class name: share of the pixels} or instead `caption`.
    classes: class names.
    palette: (red, green, blue) 0..255 per class.
    title: heading.
    subtitle: a line below, such as the protocol.

  Raises:
    ValueError: the page cannot be written.
  """
  legend = "".join(
      f'<span><i style="background:rgb({",".join(str(value) for value in color)})"></i>'
      f"{html.escape(name)}</span>" for name, color in zip(classes, palette))
  page = _PAGE.format(title=html.escape(title), subtitle=html.escape(subtitle), legend=legend,
                      figures="\n".join(_figure(record) for record in records))
  staging.write_whole(path, page.encode())


def _figure(record):
  found = record.get("caption") or ", ".join(
      f"{name} {100 * share:.1f} %" for name, share in record["classes"].items())
  return _FIGURE.format(
      mask=_link(record["mask"]), picture=_link(record["overlay"] or record["mask"]),
      name=html.escape(record["name"]), found=html.escape(found), width=record["width"],
      height=record["height"])


def _link(name):
  """Returns a file name as a relative link; `#` and `%` in names would end or bend it."""
  return "./" + urllib.parse.quote(name)
