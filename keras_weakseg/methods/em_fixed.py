"""EM-Fixed (Papandreou et al. 2015): constant biases for background and tagged classes."""
from keras_weakseg.methods import em as frame
from keras_weakseg.ops import em


class EMFixed(frame.ExpectationMaximization):
  """EM-Fixed (Papandreou et al. 2015, Algorithm 1, eq. 6-7).

  Args:
    context: see `Supervised`.
    background_bias: added to the score of the background.
    foreground_bias: added to the score of every tagged class.
    **options: see `ExpectationMaximization`.
  """

  def __init__(self, context, *, background_bias: float = 3.0, foreground_bias: float = 5.0,
               **options):
    super().__init__(context, **options)
    self.background_bias = background_bias
    self.foreground_bias = foreground_bias

  def biased_scores(self, scores, tags, valid, batch):
    del valid, batch
    return em.em_fixed_scores(scores, tags, self.background_bias, self.foreground_bias)
