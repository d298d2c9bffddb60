"""The kinds of problems that data can have: how grave, in which words, with which fix."""
import collections
from typing import NamedTuple

ERROR, WARNING, NOTE = "error", "warning", "note"

_NAMES = "Check the names: all of the path in the folder of images counts, the suffix does not."

# kind: (severity, what, fix). {n} = how many samples.
KINDS = {
    "empty split": (ERROR, "{n} splits are empty", "Check the id lists and the held-out share."),
    "unreadable labels": (ERROR, "{n} label files cannot be used",
                          "Correct them as the message says."),
    "broken image": (ERROR, "{n} images are broken", "Replace the files, or remove their ids."),
    "broken mask": (ERROR, "{n} masks are broken", "Export them again, or remove them."),
    "large image": (ERROR, "{n} images have more pixels than are decoded at once",
                    "Cut them into tiles, or make them smaller, together with their labels."),
    "deep image": (ERROR, "{n} images have more than 8 bits per channel",
                   "Convert them, for example with "
                   "cv2.imwrite(path, (cv2.imread(path, -1) // 257).astype('uint8'))."),
    "other format": (ERROR, "{n} images are of a format that cannot be read",
                     "Convert them to JPEG or PNG, for example with "
                     "cv2.imwrite('image.png', cv2.imread(path))."),
    "no index mask": (ERROR, "{n} masks are no index masks",
                      "Write one 8-bit class id per pixel (grey or palette PNG), 255 = unknown."),
    "other size": (ERROR, "{n} masks have another size than their image",
                   "Export them at the size of the image (nearest neighbour)."),
    "other palette": (ERROR, "{n} used values of palette masks have another colour in other files: "
                      "every file has a palette of its own, so a value is not one class",
                      "Write the class ids themselves: map the colours of every file to one list "
                      "of classes. If the values are right and only the colours differ, save the "
                      "masks as grey PNGs."),
    "no label fits": (ERROR, "none of the labels of these kinds belongs to an image", _NAMES),
    "unknown value": (ERROR, "{n} masks hold values that are no class",
                      "List all classes, or map the values with remap={raw value: class id}."),
    "binary masks": (ERROR, "the masks hold only 0 and 255; 255 means 'unknown', so no "
                     "foreground would be left",
                     "If 255 is the foreground, pass remap={0: 0, 255: 1}."),
    "no foreground": (ERROR, "the masks hold nothing but background or 'unknown'",
                      "Check what the masks were exported from, and remap=."),
    "unknown name": (ERROR, "{n} samples have tags or boxes of unknown classes",
                     "Add the classes to classes.txt (or classes=), or pass "
                     "unknown_names='drop'."),
    "trained and evaluated": (
        ERROR, "{n} samples are in a split to train on and in one to evaluate on",
        "Take them out of one of the two: a model knows what it was trained on."),
    "several splits": (WARNING, "{n} samples are in several splits",
                       "Do not train on one of these and evaluate on the other."),
    "missing label": (ERROR, "{n} samples of the manifest lack the label that it grants",
                      "Add the files, or correct the manifest."),
    "sample error": (ERROR, "{n} samples cannot be read", "Correct them as the message says."),
    "no labels": (ERROR, "{n} training splits have no label at all",
                  "Add masks, boxes or tags, or check where they are looked for."),
    "class without label": (WARNING, "{n} classes occur in no label",
                            "Label some, or remove the classes."),
    "orientation": (WARNING, "{n} images have an EXIF orientation, which is ignored: they are "
                    "read as stored, here, in evaluation and in exported models",
                    "If they or their masks look turned, rotate the pixels and drop the tag."),
    "converted": (NOTE, "{n} images are not RGB and are converted", "Nothing to do."),
    "masks without image": (WARNING, "{n} masks have no image", _NAMES),
    "tags without image": (WARNING, "{n} entries of the tag file have no image", _NAMES),
    "boxes without image": (WARNING, "{n} box files, or images of the COCO file, have no image",
                            _NAMES),
    "depth without image": (WARNING, "{n} depth maps have no image", _NAMES),
    "unread image": (WARNING, "{n} files beside the images are not read",
                     "Images are .jpg, .jpeg, .png, .bmp or .gif: convert or rename them."),
    "unread mask": (WARNING, "{n} files beside the masks are not read",
                    "Masks are PNG files of class ids, called as their image: export them so. JPEG "
                    "changes the ids."),
    "unread labels": (WARNING, "{n} files or folders look like labels and are not read",
                      "Name them, such as --tags tags.csv or --boxes labels (in Python tags=, "
                      "boxes=), or say that there are none: tags=None, boxes=None."),
    "background alone": (WARNING, "{n} samples have an empty list of tags or boxes, which says "
                         "that nothing but background is there",
                         "Remove the rows, files or entries of images that nobody has looked at; "
                         "those of images without any object are right."),
    "first class": (WARNING, "the first class is taken as the background, which has no boxes and "
                    "is in every image",
                    "If it is an object, put 'background' before it in classes.txt (or classes=)."),
    "nothing to evaluate": (NOTE, "{n} splits are empty, as no image has a mask to hold out",
                            "Add masks of some images, or train without figures."),
    "unlabelled": (NOTE, "{n} samples have no label", "They can be used without supervision."),
}
_ORDER = {ERROR: 0, WARNING: 1, NOTE: 2}


class Problem(NamedTuple):
  """One kind of problem: `severity` (error, warning, note), `what` with examples, and the `fix`."""
  severity: str
  what: str
  fix: str


class Findings:
  """Collects problems by kind; threads may add at the same time."""

  def __init__(self):
    self._found = collections.defaultdict(dict)

  def add(self, kind, name, detail=""):
    """Records that the sample `name` has the problem `kind`."""
    self._found[kind][name] = detail

  def __contains__(self, kind):
    return kind in self._found

  def problems(self, examples=5):
    """Returns a list of `Problem`, errors first, with the first samples by name."""
    result = []
    for kind in KINDS:
      if kind not in self._found:
        continue
      severity, what, fix = KINDS[kind]
      named = [f"{name} ({detail})" if detail else str(name)
               for name, detail in sorted(self._found[kind].items())]
      shown = ", ".join(named[:examples]) + (", ..." if len(named) > examples else "")
      result.append(Problem(severity, what.format(n=len(named)) + ": " + shown, fix))
    return sorted(result, key=lambda problem: _ORDER[problem.severity])
