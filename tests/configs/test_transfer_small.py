"""Small transfer: what is weak where, and what tells the rows of a suite apart."""
import pytest

from keras_weakseg.configs import registry
from keras_weakseg.configs import transfer_small


def test_look_alike_pairs_are_shared_out():
  source = registry.build("transfer_scenes").data.sources[0]
  assert source.weak == transfer_small.SCENES_WEAK and source.derived == ("maps",)
  weak, strong = (registry.build(name).data.sources[0].weak for name in (
      "transfer_voc_animals", "transfer_reverse_voc_animals"))
  assert set(weak) | set(strong) == {"cat", "cow", "dog", "horse", "person", "sheep"}
  assert not set(weak) & set(strong)


@pytest.mark.parametrize("data", ["scenes", "voc_animals"])
def test_rows_differ_in_what_they_say(data):
  build = lambda name: registry.build(f"transfer_{name}{data}")
  names = lambda name: [step.name for step in build(name).steps]
  assert names("") == ["l_net", "cam", "maps", "segmenter", "critic"]
  assert names("no_pretraining_") == ["l_net", "cam", "maps", "segmenter"]
  assert names("l_net_") == names("cam_") == ["l_net", "cam", "maps"] and not names("em_")
  assert [build(name).steps[2].make.get().kind for name in ("l_net_", "cam_")] == [
      "diffused", "cam"]
  assert build("em_").data.sources[0].weak == build("").data.sources[0].weak
  assert [part.rest for part in build("").data.parts] == [False, True]
  assert build("").networks.get("critic").continues == "critic"
  assert not build("no_pretraining_").networks.get("critic").continues
