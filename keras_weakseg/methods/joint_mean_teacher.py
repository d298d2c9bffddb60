"""A mean teacher beside depth: masks, mixed samples and video teach one encoder at once."""
from keras_weakseg import options as option_lib
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import joint_depth
from keras_weakseg.methods import mixed_lesson


class JointMeanTeacher(joint_depth.JointDepth):
  """Multi-task learning with a mean teacher, the whole of Hoyer et al. (CVPR 2021).

  Cross entropy (of both heads) and depth are learned on the samples as they are, labelled ones and
  others; the pseudo labels of the mixed ones by the final scores alone. The motion network has no
  teacher.

  Args:
    context: see `JointDepth`; `teacher` is a network like the main one.
    **options: see `MixedLesson` and `JointDepth`.
  """
  option_homes = (mixed_lesson.MixedLesson,)

  def __init__(self, context, **options):
    mine = {name: options.pop(name)
            for name in option_lib.options_of(mixed_lesson.MixedLesson) if name in options}
    super().__init__(context, **options)
    self.lesson = mixed_lesson.MixedLesson(context, **mine)
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

  def loss_terms(self, batch):
    """See `Method.loss_terms`: those of `JointDepth`, and `pseudo`."""
    terms, health = super().loss_terms(batch)
    pseudo, figures = self.lesson(batch, self._scores)
    return {**terms, **pseudo}, {**health, **figures}

  def _scores(self, images):
    return self.scorer(images, training=True)

  def after_update(self):
    """See `Method.after_update`: the teacher follows."""
    self.lesson.update.follow(self.step)
