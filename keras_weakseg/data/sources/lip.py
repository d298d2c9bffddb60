"""Look into Person: single persons with 19 classes, left and right told apart."""
from keras_weakseg import errors
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import paired
from keras_weakseg.data.sources import person_part
from keras_weakseg.datasets import body_labels

_IMAGES, _MASKS = "TrainVal_images", "TrainVal_parsing_annotations"
_FIX = ("Extract TrainVal_images.zip and TrainVal_parsing_annotations.zip of LIP (single person) "
        "into one folder.")


class Lip(paired.Paired):
  """LIP (Gong et al., CVPR 2017): splits `train` (30,462), `val` (10,000), maybe `test`.

  ```
  TrainVal_images/train_images/77_471474.jpg      TrainVal_images/train_id.txt, val_id.txt
  TrainVal_parsing_annotations/train_segmentations/77_471474.png      the same for val
  Testing_images/testing_images/*.jpg             without annotations
  ```

  20 classes with the background; left and right arms, legs and shoes are those of the person, so
  mirrored pictures exchange them (`flip_swaps`).

  Args:
    root: the folder, or its name in the data locations; folders inside folders of the same name,
      as archives unpack them, are found too.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: images, annotations or lists are missing; they are named.
  """

  def __init__(self, root="lip", *, data_dir=None):
    root = locations.find(root, data_dir, _FIX)
    splits = {split: self._entries_of(root, split) for split in ("train", "val")}
    tests = [root / name / "testing_images" for name in (
        "Testing_images", "Testing_images/Testing_images") if (root / name).is_dir()]
    for place in tests[:1]:
      images = file_index.list_ids(place, (".jpg",))
      splits["test"] = {name: paired.Entry(path) for name, path in images.items()}
    space = body_labels.LIP
    super().__init__("lip", space.classes, splits, palette=space.palette,
                     swaps=body_labels.LIP_SWAPS)

  @staticmethod
  def _entries_of(root, split):
    """Returns the entries of a split by id."""
    folder = lambda top, name: paired.place(
        root, (f"{top}/{name}", f"{top}/{top}/{name}", name), f"The {name} of LIP", _FIX)
    images = folder(_IMAGES, f"{split}_images")
    masks = folder(_MASKS, f"{split}_segmentations")
    places = [place / f"{split}_id.txt" for place in (images.parent, root, masks.parent)]
    listed = next((path for path in places if path.is_file()), None)
    if listed is None:
      raise errors.missing(
          f"The list of the split '{split}' of LIP is not there.", expected=f"'{places[0]}'",
          received="no such file", fix=_FIX)
    pairs = paired.pair(
        file_index.list_ids(images, (".jpg",)), file_index.list_ids(masks, (".png",)),
        person_part.read_ids(listed), "LIP", (
            ("image", f"{images.name}/ID.jpg"), ("annotation", f"{masks.name}/ID.png")), _FIX)
    return {name: paired.Entry(image, mask) for name, image, mask in pairs}
