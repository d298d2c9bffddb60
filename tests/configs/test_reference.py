"""The page of all options is what the signatures say, now."""
import pathlib

from keras_weakseg.configs import reference
from keras_weakseg.methods import registry as methods
from keras_weakseg.methods import supervised
from keras_weakseg.networks import registry as networks
from keras_weakseg.options import Weight

PAGE = pathlib.Path(__file__).resolve().parents[2] / "official_configs" / "OPTIONS.md"


def test_the_page_is_up_to_date():
  assert PAGE.read_text(encoding="utf-8") == reference.text(), (
      "Run: keras-weakseg options > official_configs/OPTIONS.md")


def test_everything_that_can_be_chosen_is_there():
  text = reference.text()
  for name in methods.METHODS:
    assert f"### `method.{name}`" in text
  for name in networks.network_names():
    assert f"### `network.{name}`" in text
  assert "| `background_bias` | 3.0 |" in text and "| `weight_decay` | 0.0005 |" in text


def test_a_new_option_is_one_edit(monkeypatch):
  class Mine(supervised.Supervised):
    """Mine.

    Args:
      context: as ever.
      patience: how much of it.
    """

    def __init__(self, context, *, patience: Weight = 2.0):
      super().__init__(context)
      self.patience = patience

  monkeypatch.setitem(methods.METHODS, "mine", Mine)
  assert "| `patience` | 2.0 | 0 or more | how much of it. |" in reference.text()
