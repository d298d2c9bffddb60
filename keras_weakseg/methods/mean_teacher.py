"""A student that learns from few masks and, on mixed samples, from its own moving average."""
from keras_weakseg.methods import supervised
from keras_weakseg.methods import taught


class MeanTeacher(taught.Taught, supervised.Supervised):
  """Cross entropy on masks, and the labels of a teacher on samples that are mixed.

  Hoyer et al. (CVPR 2021, section 3.4), Olsson et al. (WACV 2021, ClassMix), French et al. (BMVC
  2020, CutMix). The teacher, network `teacher`, is the moving average of the student's weights; it
  is saved and resumed with it, and evaluated by option. Masks that are not granted are not read;
  tags and boxes that are leave the teacher fewer classes to choose from.

  Args:
    context: see `Supervised`; `teacher` is a network like the main one.
    **options: see `MixedLesson`.
  """

  def unmixed(self, batch):
    """See `Taught.unmixed`: the rows of parts with masks."""
    return self.lesson.labelled(batch)
