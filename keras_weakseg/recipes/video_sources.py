"""Makes sources of video from the configuration."""

KINDS = ("video", "kitti", "kitti_clips", "kitti_stereo", "kitti_odometry", "cityscapes_video",
         "seven_scenes")


def make_video_source(config, data_dir=None):
  """Returns the source of a `schema.Source` whose kind is one of `KINDS`.

  Args:
    config: `schema.Source`; its `video` section says how frames are read.
    data_dir: where data lies; see `kw.data.find`.

  Raises:
    FileNotFoundError: the data is in none of the places that were looked at.
    ValueError: the intrinsics do not fit the frames, or there are too few.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  video = config.video
  place = {"data_dir": data_dir, **({"root": config.path} if config.path else {})}
  size = {"size": tuple(video.size)} if video.size else {}
  shared = {**place, **size, "offsets": tuple(video.offsets)}
  clips = {**shared, "static_threshold": video.static_threshold, "classes": tuple(config.classes),
           "occluders": video.occluders or None}
  held = {"validation": tuple(video.validation) or None, "held_out": config.held_out}
  if config.kind == "video":
    return data.Video(**clips, **held, intrinsics=video.intrinsics or None,
                      field_of_view=video.field_of_view or None)
  if config.kind == "kitti":
    return data.Kitti(**clips, **held, stereo=video.stereo)
  if config.kind == "kitti_clips":
    return data.kitti_clips(**clips, **held)
  if config.kind == "cityscapes_video":
    return data.CityscapesVideo(
        **clips, intrinsics=video.intrinsics or "correct", stereo=video.stereo, masks=video.masks,
        annotated_only=video.annotated_only)
  if config.kind == "kitti_stereo":
    return data.kitti_stereo(**place, **size, cars=video.cars)
  return {"kitti_odometry": data.kitti_odometry, "seven_scenes": data.seven_scenes}[config.kind](
      **shared)
