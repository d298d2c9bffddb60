"""The size that whole images have for a network, where it does not take them as they are."""


def whole_size(augmentation, source):
  """Returns the (height, width) of whole images for a network; None = it is not known.

  Args:
    augmentation: `schema.Augmentation`.
    source: data source.
  """
  size = augmentation.resize or getattr(source, "size", None) or augmentation.crop
  return tuple(size) if size else None
