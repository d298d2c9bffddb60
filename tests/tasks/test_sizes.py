"""The size of whole images: of the augmentation, else of the source, else of the crop."""
import types

import pytest

from keras_weakseg.configs.sections import schema
from keras_weakseg.tasks import sizes

SOURCE = types.SimpleNamespace(size=None)
SIZED = types.SimpleNamespace(size=(100, 200))


@pytest.mark.parametrize("augmentation, source, wanted", [
    (schema.Augmentation(crop=(32, 32), resize=(64, 96)), SIZED, (64, 96)),
    (schema.Augmentation(crop=(32, 32)), SIZED, (100, 200)),
    (schema.Augmentation(crop=(32, 32)), SOURCE, (32, 32)),
    (schema.Augmentation(crop=()), SOURCE, None)])
def test_whole_images_are_resized_or_come_in_their_size(augmentation, source, wanted):
  assert sizes.whole_size(augmentation, source) == wanted
