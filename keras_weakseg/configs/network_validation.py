"""Checks of the network sections: names, ranges, and what the encoders can be built with.

The names are those of `networks`, which configurations may not import; a test compares them.
"""
from keras_weakseg.configs import sections
from keras_weakseg.configs.checks import choices, one_of, require

# Networks of multiples of 32: all others have grids whose corners lie on those of the image.
NESTED_GRIDS = ("unet", "light_unet", "depth_unet", "light_depth", "multitask", "light_multitask",
                "hourglass", "light_hourglass")

# Networks that infer by reconstruction.
DUAL = ("dual_network", "light_dual")

FIELDS_OF_VIEW = ("large", "small")
BATCH_NORMS = ("train", "frozen")
RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "light_resnet18")
ENCODERS = (*RESNETS, "mobilenet_v1")
POSE_KINDS = (*ENCODERS, "posecnn")
LAYOUTS = ("torchvision", "garden", "keras")
CONTEXTS = ("aspp", "light", "conv")
PADDINGS = ("reflect", "zeros")
HEADS = ("linear", "conv")
STARTS = ("all", "encoder")
SCALES = (0, 1, 2, 3)
SCORE_LEVELS = (0, 1, 2, 3, 4)
MULTITASK_LEVELS = (0, 1)

_NAMES = {"field_of_view": FIELDS_OF_VIEW, "batch_norm": BATCH_NORMS,
          "encoder_batch_norm": BATCH_NORMS, "encoder": ENCODERS, "layout": LAYOUTS,
          "context": CONTEXTS, "padding": PADDINGS, "head": HEADS, "kind": POSE_KINDS}


def has_nested_grids(network):
  """Returns whether crops must be multiples of 32 for a network, not 8k+1.

  Args:
    network: `schema.Network`.

  Example:
    >>> from keras_weakseg.configs import schema_networks
    >>> has_nested_grids(schema_networks.Network(type="light_depth"))
    True
  """
  return network.type in NESTED_GRIDS


def validate_network(network):
  """Checks a `schema.Network`.

  Raises:
    ValueError: a name is unknown, a value is out of range, or the encoder cannot be built so.
  """
  one_of("network.type", network.type, choices(network))
  one_of("network.starts", network.starts, STARTS)
  _validate_options(f"network.{network.type}", network.get())
  require(0 <= network.background_prior < 1, "network.background_prior",
          expected="a probability below 1, or 0 for none", received=network.background_prior)


def validate_other(network, key):
  """Checks a `schema.OtherNetwork`.

  Args:
    network: to check.
    key: where it stands.

  Raises:
    ValueError: a name is unknown, or a value is out of range.
  """
  if network.type is None:
    return
  one_of(f"{key}.type", network.type, choices(network))
  require(not network.pretrained or network.type != "shared", f"{key}.pretrained", expected="''",
          received=network.pretrained,
          fix="Set `network.pretrained`: a shared encoder is that of the network.")
  _validate_options(f"{key}.{network.type}", network.get())


def _validate_options(at, options):
  given = {key: list(value) if isinstance(value, (list, tuple)) else value
           for key, value in vars(options).items()}
  for key, names in _NAMES.items():
    # Of U-Nets, `batch_norm` says whether the decoder has any.
    if key in given and not isinstance(given[key], bool):
      one_of(f"{at}.{key}", given[key], names)

  def check(key, good, expected):
    if key in given:
      require(good(given[key]), f"{at}.{key}", expected=expected, received=given[key])

  strides = (8, 16, 32) if "encoder" in given else (8, 16)
  check("output_stride", lambda x: x in strides, " or ".join(map(str, strides)))
  check("alpha", lambda x: x > 0, "a width multiplier above 0")
  check("dropout_rate", lambda x: 0 <= x < 1, "a share, 0 <= share < 1")
  check("frozen_blocks", lambda x: x >= 0, "0 or more")
  check("frames", lambda x: x >= 2, "2 or more: a motion needs two frames")
  for key in ("filters", "head_filters", "skip_filters"):
    check(key, lambda x: x >= 1, "1 or more")
  multitask = "segmentation_disparities" in given
  check("head_channels", lambda x: x >= (0 if multitask else 1),
        "1 or more, or 0 for none" if multitask else "1 or more")
  check("channels", lambda x: len(x) == 5 and min(x) >= 1, "5 widths, of levels 0 (fine) to 4")
  check("skip_channels", lambda x: not x or len(x) == 4 and min(x) >= 1,
        "4 widths, of levels 0 (fine) to 3, or []")
  check("rates", lambda x: x and min(x) >= 1, "one or more dilations")
  levels = MULTITASK_LEVELS if multitask else SCORE_LEVELS
  check("score_level", lambda x: x in levels, f"0 (fine) to {levels[-1]}")
  check("disparity_scales", lambda x: x and set(x) <= set(SCALES) and len(set(x)) == len(x),
        f"different scales out of {list(SCALES)}")
  sections.check(options, at)
  _validate_encoder(at, given)


def _validate_encoder(at, given):
  """Checks options that only some encoders have."""
  encoder = given.get("encoder")
  if encoder == "mobilenet_v1":
    require(given["output_stride"] == 16, f"{at}.output_stride", expected="16 with mobilenet_v1",
            received=given["output_stride"])
  if encoder in RESNETS:
    for key, wanted in (("alpha", 1.0), ("frozen_blocks", 0)):
      require(given[key] == wanted, f"{at}.{key}", expected=f"{wanted} with {encoder}",
              received=given[key],
              fix=f"Leave it out, or set `{at}.encoder=mobilenet_v1`.")
