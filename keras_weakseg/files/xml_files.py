"""The reader of XML: bounded, no entities of its own, in the encoding that it declares."""
import codecs
import re
import xml.etree.ElementTree as ElementTree

from keras_weakseg.files import text as texts

LIMIT = 1 << 24  # bytes
DEPTH = 50       # elements within each other
_DECLARED = re.compile(rb"\A<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*\?>")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def read_xml(path, noun="file", form="an XML file", fix="Check the path."):
  """Returns the root element of an XML file, an `ElementTree.Element`.

  Args:
    path: of the file.
    noun: what it is called in errors.
    form: what it should be, for errors.
    fix: what the user can do where there is no such file.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is not XML, too large or too deep, or of an unknown encoding.
  """
  contents = texts.read_bytes(path, noun, LIMIT, fix)
  again = "Export the file again, or remove it."
  text = _DECLARATION.sub("", _decoded(contents, path, noun), count=1)
  if "<!ENTITY" in text:
    raise texts.unreadable(noun, path, form, "definitions of entities", again)
  try:
    root = ElementTree.fromstring(text)
  except (ElementTree.ParseError, ValueError) as error:
    raise texts.unreadable(noun, path, form, error, again) from error
  level = [root]
  for _ in range(DEPTH):
    level = [child for element in level for child in element]
    if not level:
      return root
  raise texts.unreadable(noun, path, form, f"more than {DEPTH} elements within each other", again)


def _decoded(contents, path, noun):
  if contents.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
    name = "utf-16"
  else:
    declared = _DECLARED.match(contents.removeprefix(codecs.BOM_UTF8))
    name = declared[1].decode("ascii") if declared else "utf-8"
  if codecs.BOM_UTF8 == contents[:3] or name.lower() in ("utf-8", "utf8"):
    return texts.decode(contents, path, noun)
  try:
    return contents.decode(name)
  except (LookupError, UnicodeError) as error:
    raise texts.unreadable(noun, path, f"the encoding that it declares, '{name}'", error,
                           "Save it as UTF-8.") from error
