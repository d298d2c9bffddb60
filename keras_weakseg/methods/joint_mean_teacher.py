"""A mean teacher beside depth: masks, mixed samples and video teach one encoder at once."""
from keras_weakseg.methods import joint_depth
from keras_weakseg.methods import taught


class JointMeanTeacher(taught.Taught, joint_depth.JointDepth):
  """Multi-task learning with a mean teacher, the whole of Hoyer et al. (CVPR 2021).

  Cross entropy (of both heads) and depth are learned on the samples as they are, labelled ones and
  others; the pseudo labels of the mixed ones by the final scores alone. The motion network has no
  teacher.

  Args:
    context: see `JointDepth`; `teacher` is a network like the main one.
    **options: see `MixedLesson` and `JointDepth`.
  """
