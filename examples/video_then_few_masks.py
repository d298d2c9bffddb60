"""Your own video without labels, then photographs of such places with a few masks.

The video teaches depth; encoder and decoder start the network of classes. `video` is a folder of
frames or films of a moving camera, with its `fx fy cx cy` in intrinsics.txt or its angle of view
given; `photos` holds images/, masks/ and classes.txt:

  python examples/video_then_few_masks.py drive photos runs/street --field_of_view 65
"""
import argparse
import sys

import keras_weakseg as kw


def main(arguments=None):
  """Learns depth, then classes; draws both; returns an exit code."""
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("video", help="folder of frames or films")
  parser.add_argument("photos", help="folder of photographs and masks")
  parser.add_argument("model_dir", help="where both runs are kept; the same command continues")
  parser.add_argument("--field_of_view", type=float, help="degrees, without intrinsics.txt")
  parser.add_argument("--depth_steps", type=int, default=5000, help="updates, default: 5000")
  parser.add_argument("--steps", type=int, default=2000, help="updates, default: 2000")
  options = parser.parse_args(arguments)

  video = kw.data.Video(options.video, field_of_view=options.field_of_view)
  photos = kw.data.Folder(options.photos, held_out=0.2)   # a fifth of the masks is for the score
  depth = kw.fit(method="self_supervised_depth", data=video, model_dir=f"{options.model_dir}/depth",
                 params_override={"training.steps": options.depth_steps})
  kw.predict(depth, f"{options.photos}/images", f"{options.model_dir}/depth_of_photos")

  result = kw.fit(
      method="supervised", data=photos, model_dir=f"{options.model_dir}/classes",
      params_override={
          "network.type": "light_unet", "data.augmentation.crop": [192, 320],
          "network.pretrained": f"{depth.model_dir}/train/depth.npz",
          # At the whole rate the encoder forgets what depth has taught it.
          "training.multipliers": [{"pattern": "encoder", "learning_rate": 0.1}],
          "training.steps": options.steps})
  print("mean IoU of the held-out masks:", result.metrics["mean_iou"])
  kw.predict(result, f"{options.photos}/images", f"{options.model_dir}/masks_of_photos")
  return 0


if __name__ == "__main__":
  sys.exit(main())
