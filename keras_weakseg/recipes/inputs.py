"""What methods need besides images and labels, who can deliver it, and when."""
from keras_weakseg import errors
from keras_weakseg import fields

_VIDEO = ("video with intrinsics", "Pass kw.data.Video(...), Kitti, CityscapesVideo or another "
          "source of frames with their neighbours.")
_STEREO = ("stereo pairs", "Pass a source made with stereo=True or a data set that holds pairs, or "
           "set `stereo` of the method to False.")
_TEACHER = ("a teacher's disparity", "Make it ('keras-weakseg make-disparity-maps') and pass "
            "kw.data.WithDisparity(source, folder), or set `disparity` of the source.")
_NOISY = ("noisy tags beside the true ones", "Pass kw.data.NoisyTagFile(source, file), or set "
          "`noisy_tags` or `wrong_tags` of the source. Tags of which nobody knows the truth are "
          "cleaned with `labels` at 'tags'.")
_NEEDED = {fields.NOISY_TAGS: _NOISY,
           fields.FRAMES: _VIDEO, fields.FRAME_OFFSETS: _VIDEO, fields.INTRINSICS: _VIDEO,
           fields.STEREO_IMAGE: _STEREO, fields.STEREO_POSE: _STEREO, fields.DISPARITY: _TEACHER}


def check_order(step, method, names, later):
  """Refuses a step whose method reads what a later step makes; returns lines of what waits.

  Of two sources one may deliver a field already, so nobody else would miss that of the other.

  Args:
    step: its name.
    method: name of its method.
    names: of the fields, those of `Method.inputs`.
    later: tuples of a source that the step reads, a later step whose maps it shall carry, and the
      names of the fields of these.

  Returns:
    Lines for the plan: which maps samples do not carry yet, and why.

  Raises:
    ValueError: the method reads one of these fields.
  """
  for source, maker, carried in later:
    for name in carried:
      if name in names:
        raise errors.value_error(
            f"The step '{step}' would train without the '{name}' of '{source or 'the source'}'.",
            expected=f"'{maker}', which makes them, before '{step}', whose method '{method}' reads "
            "them", received=f"'{maker}' after '{step}'",
            fix=f"Move '{maker}' ahead in `steps`, or leave it out of `derived` of that source.")
  return [f"samples of '{source or 'the source'}' do not carry '{maker}' yet: that step comes later"
          for source, maker, _ in later]


def check_color(method, colors_inputs, augmentation):
  """Checks that somebody changes the colours that the pipeline leaves to the method.

  Args:
    method: its name.
    colors_inputs: whether it does.
    augmentation: `schema.Augmentation`.

  Raises:
    ValueError: nobody would.
  """
  if augmentation.color_of == "inputs" and not colors_inputs:
    raise errors.value_error(
        f"The method '{method}' does not change the colours of inputs alone.",
        expected="data.augmentation.color_of=pixels", received="inputs",
        fix="Set it so: its losses compare no colours.")


def check_depth(method, sees_depth, bundle):
  """Checks that a network which sees the depth of the data gets it with every sample.

  Args:
    method: its name.
    sees_depth: whether the method gives depth to its network.
    bundle: `data.Bundle`.

  Raises:
    ValueError: the method does not, or a part does not grant depth or has none.
  """
  if not sees_depth:
    raise errors.value_error(
        f"The method '{method}' does not give depth to its network.",
        expected="'supervised', or another one that learns from labels of single images",
        received=f"network.sees_depth=true with '{method}'", fix="Set `network.sees_depth=false`.")
  blind = [part.label for part, ids in zip(bundle.parts, bundle.ids)
           if fields.DEPTH not in _delivered(part, ids, (fields.DEPTH,))]
  if blind:
    raise errors.value_error(
        "The network sees the depth of the data, and not every part grants it.",
        expected="supervision with depth in every part, such as 'mask+depth', and sources that "
        "have it", received="none in " + ", ".join(blind),
        fix="Set `data.parts` so, or `network.sees_depth=false`.")


def _delivered(part, ids, extra):
  """Returns the fields that the samples of a part have."""
  return part.source.samples(part.split, ids=ids[:1], grant=part.supervision,
                             wanted=part.fields(extra)).element_spec


def check(method, names, bundle):
  """Checks that at least one part of a bundle delivers every input of a method.

  Args:
    method: its name.
    names: of the fields, those of `Method.inputs`.
    bundle: `data.Bundle`.

  Raises:
    ValueError: no part delivers one of them.
  """
  if not names:
    return
  delivered = set()
  for part, ids in zip(bundle.parts, bundle.ids):
    delivered.update(_delivered(part, ids, bundle.extra_fields))
  for name in names:
    if name not in delivered:
      what, fix = _NEEDED.get(name, (f"the field '{name}'", "Pass a source that has it."))
      raise errors.value_error(
          f"The method '{method}' needs {what}.", expected=f"'{name}' in at least one part",
          received=", ".join(part.source.name for part in bundle.parts) + f" without '{name}'",
          fix=fix)
