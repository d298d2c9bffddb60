"""The recipe of one method: its plan, its batches and its method."""
from keras_weakseg.methods import em_adapt
from keras_weakseg.recipes import single_phase


def test_the_plan_names_method_network_data_and_length(experiment, tiny_data):
  phase = single_phase.plan(experiment(), tiny_data).phases[0]
  text = "\n".join(phase.plan)
  assert text.startswith("em_adapt on light_tiny, weights from scratch\n")
  assert "12 steps of 8 samples" in text and "held out" in text
  assert phase.validation == "" and phase.bundle.batch_size == 8


def test_build_gives_the_configured_method(experiment, tiny_data):
  config = experiment(**{"method.em_adapt.iterations": 2, "training.accumulation": 2, "seed": 9})
  plan = single_phase.plan(config, tiny_data)
  method = plan.phases[0].build({})
  assert isinstance(method, em_adapt.EMAdapt)
  assert method.seed == 9 and method.accumulation == 2 and method.parts == ("mask",)
  assert method.predictor.output_shape[-1] == 3 and method.stride == plan.record.stride


def test_validation_is_on_the_split_of_the_configuration(experiment, tiny_data):
  config = experiment(**{"evaluation.validation_split": "val"})
  plan = single_phase.plan(config, tiny_data)
  assert plan.phases[0].validation == "val" and plan.source is tiny_data


def test_the_same_seed_gives_the_same_fingerprint(experiment, tiny_data):
  prints = [single_phase.plan(config, tiny_data).phases[0].fingerprint for config in (
      experiment(), experiment(), experiment(seed=2),
      experiment(**{"data.augmentation.color": 0.9}))]
  assert prints[0] == prints[1] and len(set(prints)) == 3
