"""Phases and plans are records: what the loop reads, and nothing can change it on the way."""
import dataclasses

import pytest

from keras_weakseg.recipes import phase


def test_a_phase_needs_what_the_loop_reads_and_no_more():
  made = phase.Phase("train", lambda finished: "method", "bundle", "training", "fingerprint")
  assert made.plan == () and made.validation == "" and made.build({}) == "method"
  with pytest.raises(dataclasses.FrozenInstanceError):
    made.name = "other"


def test_the_last_phase_gives_the_result():
  phases = [phase.Phase(name, None, None, None, "f", record=f"record {name}", head=f"head {name}")
            for name in ("first", "second")]
  plan = phase.Plan(phases, "source")
  assert plan.phases[-1].name == "second" and plan.source == "source"
  assert plan.record == "record second" and plan.head == "head second"
