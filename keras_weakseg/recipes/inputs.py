"""What methods need besides images and labels, and who can deliver it."""
from keras_weakseg import errors
from keras_weakseg import fields

_VIDEO = ("video with intrinsics", "Pass kw.data.Video(...), Kitti, CityscapesVideo or another "
          "source of frames with their neighbours.")
_STEREO = ("stereo pairs", "Pass a source made with stereo=True or a data set that holds pairs, or "
           "set `stereo` of the method to False.")
_TEACHER = ("a teacher's disparity", "Make it ('keras-weakseg make-disparity-maps') and pass "
            "kw.data.WithDisparity(source, folder), or set `disparity` of the source.")
_NEEDED = {fields.FRAMES: _VIDEO, fields.FRAME_OFFSETS: _VIDEO, fields.INTRINSICS: _VIDEO,
           fields.STEREO_IMAGE: _STEREO, fields.STEREO_POSE: _STEREO, fields.DISPARITY: _TEACHER}


def check(method, names, bundle):
  """Checks that at least one part of a bundle delivers every input of a method.

  Args:
    method: its name.
    names: of the fields, those of `Method.inputs`.
    bundle: `data.bundle.Bundle`.

  Raises:
    ValueError: no part delivers one of them.
  """
  if not names:
    return
  delivered = set()
  for part, ids in zip(bundle.parts, bundle.ids):
    delivered.update(part.source.samples(
        part.split, ids=ids[:1], grant=part.supervision,
        wanted=part.fields(bundle.extra_fields)).element_spec)
  for name in names:
    if name not in delivered:
      what, fix = _NEEDED.get(name, (f"the field '{name}'", "Pass a source that has it."))
      raise errors.value_error(
          f"The method '{method}' needs {what}.", expected=f"'{name}' in at least one part",
          received=", ".join(part.source.name for part in bundle.parts) + f" without '{name}'",
          fix=fix)
