"""Options that only some tasks take: refused where they would have no effect."""
import pytest

from keras_weakseg.tasks import options
from keras_weakseg.tasks import registry


@pytest.mark.parametrize("action, given, words", [
    ("export", {"factor": 2}, "(?s)Received: factor.*model for depth"),
    ("predict", {"point_clouds": True}, "(?s)Received: point_clouds.*model for depth"),
    ("predict", {"overlay": True}, "mean 'overlays'")])
def test_options_of_other_tasks_are_refused(action, given, words):
  with pytest.raises(ValueError, match=words):
    options.check(registry.by_name("tags"), action, given)
  assert options.check(registry.by_name("depth"), "export", {"factor": 2}) == {"factor": 2}
