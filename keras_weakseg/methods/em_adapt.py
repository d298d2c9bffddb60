"""EM-Adapt (Papandreou et al. 2015): biases that give every tagged class its share of pixels."""
from keras_weakseg import fields
from keras_weakseg.methods import em as frame
from keras_weakseg.ops import em
from keras_weakseg.options import Count, Share


class EMAdapt(frame.ExpectationMaximization):
  """EM-Adapt (Papandreou et al. 2015, section 3.2).

  Args:
    context: see `Supervised`.
    background_portion, foreground_portion: at least these shares of the image are labelled
      background and each tagged class.
    iterations: passes over the tagged classes, visited in an order drawn per draw of a sample.
    suppress_others: classes that are not tagged cannot win.
    **options: see `ExpectationMaximization`.
  """

  def __init__(self, context, *, background_portion: Share = 0.4, foreground_portion: Share = 0.2,
               iterations: Count = 5, suppress_others: bool = True, **options):
    super().__init__(context, **options)
    self.background_portion = background_portion
    self.foreground_portion = foreground_portion
    self.iterations = iterations
    self.suppress_others = suppress_others

  def biased_scores(self, scores, tags, valid, batch):
    return em.em_adapt_scores(
        scores, tags, self.background_portion, self.foreground_portion,
        iterations=self.iterations, suppress_others=self.suppress_others,
        seed=batch[fields.SAMPLE_KEY], valid_mask=valid)
