"""Tests of distribution strategies by name."""
import json

import pytest
import tensorflow as tf

from keras_weakseg.training import strategies


def test_one_device_is_the_default_strategy():
  assert strategies.make_strategy("one_device") is tf.distribute.get_strategy()
  assert strategies.make_strategy("auto").num_replicas_in_sync == 1


def test_a_second_call_gives_the_same_strategy():
  assert strategies.make_strategy("mirrored") is strategies.make_strategy("mirrored")


def test_unknown_name_is_refused():
  with pytest.raises(ValueError, match="Did you mean 'mirrored'"):
    strategies.make_strategy("miror")


def test_cluster_without_workers_is_refused(monkeypatch):
  monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {}}))
  with pytest.raises(ValueError, match="no cluster"):
    strategies.make_strategy("multi_worker_mirrored")


def test_single_process_is_chief():
  assert strategies.is_chief(tf.distribute.get_strategy())


def test_uneven_batch_is_refused(tiny_bundle):
  class Three:
    num_replicas_in_sync = 3

  with pytest.raises(ValueError, match="multiple of 3.*Received: 4"):
    strategies.distribute(Three(), tiny_bundle(), 0)


def test_one_device_sees_the_batches_from_the_start_on(tiny_bundle):
  batches = strategies.distribute(tf.distribute.get_strategy(), tiny_bundle(), 3)
  batch = next(iter(batches))
  assert batch["sample_key"][0].numpy().tolist() == [4, 34]
