"""A student that learns from few masks and, on mixed samples, from its own moving average."""
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import mixed_lesson
from keras_weakseg.methods import supervised


class MeanTeacher(supervised.Supervised):
  """Cross entropy on masks, and the labels of a teacher on samples that are mixed.

  Hoyer et al. (CVPR 2021, section 3.4), Olsson et al. (WACV 2021, ClassMix), French et al. (BMVC
  2020, CutMix). The teacher, network `teacher`, is the moving average of the student's weights; it
  is saved and resumed with it, and evaluated by option. Masks that are not granted are not read.

  Args:
    context: see `Supervised`; `teacher` is a network like the main one.
    **options: see `MixedLesson`.
  """
  option_homes = (mixed_lesson.MixedLesson,)
  unlabelled = True

  def __init__(self, context, **options):
    super().__init__(context)
    self.lesson = mixed_lesson.MixedLesson(context, **options)
    self.predictor = self.lesson.predictor

  @classmethod
  def networks_of(cls, options):
    """See `Method.networks_of`."""
    return {**super().networks_of(options),
            **mixed_lesson.MixedLesson.needs(contexts.MAIN[cls.role])}

  @classmethod
  def inputs(cls, options):
    """See `Method.inputs`."""
    return mixed_lesson.MixedLesson.inputs(options)

  @classmethod
  def notes(cls, options, masks):
    """See `Method.notes`."""
    return mixed_lesson.MixedLesson.notes(options, masks)

  def loss_terms(self, batch):
    """See `Method.loss_terms`: one term per part with masks, and `pseudo`."""
    labelled = self.lesson.labelled(batch)
    terms, health = super().loss_terms(labelled)
    pseudo, figures = self.lesson(batch, self._scores)
    return {**terms, **pseudo}, {**health, **figures}

  def _scores(self, images):
    return self.scorer(images, training=True)

  def after_update(self):
    """See `Method.after_update`: the teacher follows."""
    self.lesson.update.follow(self.step)
