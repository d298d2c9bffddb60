"""What makes a method of masks one with a teacher: a mixed lesson beside its own losses."""
from keras_weakseg import options as option_lib
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import mixed_lesson


class Taught:
  """Goes before the class of a method: its losses stay, and a teacher's lesson is added.

  Args:
    context: see `Method`; `teacher` is a network like the main one.
    **options: see `MixedLesson`, and those of the method.
  """
  option_homes = (mixed_lesson.MixedLesson,)
  unlabelled = True
  sees_depth = False  # Mixed images would need mixed depth.

  def __init__(self, context, **options):
    names = option_lib.options_of(mixed_lesson.MixedLesson)
    super().__init__(context, **{
        name: value for name, value in options.items() if name not in names})
    self.lesson = mixed_lesson.MixedLesson(context, **{
        name: value for name, value in options.items() if name in names})
    self.predictor = self.lesson.predictor

  @classmethod
  def networks_of(cls, options):
    """See `Method.networks_of`."""
    return {**super().networks_of(options),
            **mixed_lesson.MixedLesson.needs(contexts.MAIN[cls.role])}

  @classmethod
  def inputs(cls, options):
    """See `Method.inputs`."""
    return tuple(dict.fromkeys(
        super().inputs(options) + mixed_lesson.MixedLesson.inputs(options)))

  @classmethod
  def notes(cls, options, masks):
    """See `Method.notes`."""
    return mixed_lesson.MixedLesson.notes(options, masks)

  def unmixed(self, batch):
    """Returns the samples that the losses of the method itself are taken of."""
    return batch

  def loss_terms(self, batch):
    """See `Method.loss_terms`: those of the method, and those of the lesson."""
    terms, health = super().loss_terms(self.unmixed(batch))
    lesson, figures = self.lesson(batch, lambda images: self.scorer(images, training=True))
    return {**terms, **lesson}, {**health, **figures}

  def after_update(self):
    """See `Method.after_update`: the teacher follows."""
    super().after_update()
    self.lesson.update.follow(self.step)
