"""The quickstart: 20 masks and many image tags against the same 20 masks alone, on embedded scenes.

`scripts/quickstart` makes the environment and runs this. Everything is rendered, trained, drawn and
exported here; nothing is downloaded. A run that was stopped is continued; one that is finished is
only evaluated and exported again.
"""
import argparse
import pathlib
import time

import gallery
import keras_weakseg as kw

SEMI, ALONE = "em_semi_scenes", "supervised_scenes"
PICTURES = 12


def write_photographs(result, folder, count):
  """Writes evaluated images as PNG, so that `predict` gets files, and returns their paths."""
  import tensorflow as tf
  folder.mkdir(parents=True, exist_ok=True)
  paths = []
  for sample in gallery.samples_of(result, count):
    name = sample[kw.fields.SAMPLE_ID].decode().replace("/", "_")
    paths.append(folder / f"{name}.png")
    paths[-1].write_bytes(tf.io.encode_png(sample[kw.fields.IMAGE]).numpy())
  return paths


def export(result, base):
  """Exports the model to the next version of `base`; returns its path and says which one it is."""
  before = sorted(int(path.name) for path in base.glob("*") if path.name.isdigit())
  version = pathlib.Path(kw.export(result, str(base)))
  if before:
    print(f"{base} already held version {before[-1]}; this model is version {version.name}.")
  return version


def train(experiment, model_dir, override):
  """Trains one experiment; returns its result and the seconds it took."""
  started = time.perf_counter()
  result = kw.fit(experiment, model_dir=str(model_dir), params_override=override)
  return result, time.perf_counter() - started


def main():
  """Trains both, compares, draws and exports."""
  parser = argparse.ArgumentParser(prog="scripts/quickstart", description=__doc__.splitlines()[0])
  parser.add_argument("--model_dir", type=pathlib.Path, default=pathlib.Path("runs/quickstart"))
  parser.add_argument("--export_dir", type=pathlib.Path,
                      default=pathlib.Path("saved_models/quickstart"))
  parser.add_argument("--params_override", default=None,
                      help="over both experiments, for example training.steps=50")
  arguments = parser.parse_args()
  started = time.perf_counter()
  # The masks alone first, so that the last lines of the output are about the model to be served.
  alone, alone_seconds = train(ALONE, arguments.model_dir / "masks_alone",
                               arguments.params_override)
  semi, semi_seconds = train(SEMI, arguments.model_dir / "masks_and_tags",
                             arguments.params_override)
  masks = semi.experiment.data.parts[0].count
  comparison = arguments.model_dir / "comparison.png"
  gallery.draw([alone, semi], [f"{masks} masks alone", f"{masks} masks and tags"], comparison)
  photographs = write_photographs(semi, arguments.model_dir / "images", PICTURES)
  drawn = arguments.model_dir / "predictions"
  kw.predict(semi, [str(path) for path in photographs], str(drawn))
  version = export(semi, arguments.export_dir)
  rows = [("trained from", "mIoU", "seconds"),
          (f"{masks} masks alone", f"{alone.metrics['mean_iou']:.4f}", f"{alone_seconds:.0f}"),
          (f"{masks} masks and image tags", f"{semi.metrics['mean_iou']:.4f}",
           f"{semi_seconds:.0f}")]
  print("\nThe same network, steps and seed, on the test scenes "
        f"(protocol {semi.metrics['protocol_hash']}):")
  print("\n".join(f"  {name:28}{value:>8}{seconds:>9}" for name, value, seconds in rows))
  print(f"Sheet:    {comparison}\nMasks:    {drawn}\nModel:    {version}\n"
        f"Quickstart without installation: {time.perf_counter() - started:.0f} s.")


if __name__ == "__main__":
  main()
