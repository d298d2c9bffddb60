"""Choosing images in rounds, as steps: choose, train a student on what is chosen, choose on."""
from keras_weakseg.configs.sections import schema
from keras_weakseg.selection import rounds

_OF_A_STUDENT = (rounds.BOTH, rounds.UNCERTAINTY, rounds.ENTROPY)


def in_rounds(counts, criterion, choose, train, features=()):
  """Returns the steps of a selection: a round each, after its student; without students one.

  The last one is called `select_<count>`; a part whose `ids` are those of this step has the images.

  Args:
    counts: images chosen after each round, rising.
    criterion: of `selection.rounds.CRITERIA`.
    choose: function of options of rounds that returns the `schema.Make` of a selection.
    train: function of (name, step that chose, number of the round from 0) that returns the
      `schema.Step` of a student.
    features: names of the steps that every round reads, that of the features first.
  """
  if criterion not in _OF_A_STUDENT:
    return [schema.Step(name=f"select_{counts[-1]}", reads=tuple(features), make=choose())]
  steps, before, student = [], "", ""
  for number, chosen in enumerate(counts, start=1):
    if before:
      student = f"student_{counts[number - 2]}"
      steps.append(train(student, before, number - 2))
    steps.append(schema.Step(
        name=f"select_{chosen}", reads=(*features, *filter(None, (before, student))),
        make=choose(round=number, after=before, student=student)))
    before = steps[-1].name
  return steps


def on_chosen(experiment):
  """Returns an experiment whose first part, the masks, is what its last step has chosen."""
  masks = experiment.data.parts[0]
  masks.count, masks.ids = 0, f"step:{experiment.steps[-1].name}"
  return experiment
