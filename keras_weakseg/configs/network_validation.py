"""Checks of the network sections: what their options say, and what encoders can be built with."""
from keras_weakseg.configs.checks import choices, one_of, require
from keras_weakseg.configs.sections import base
from keras_weakseg.networks import registry

# Networks of multiples of 32: all others have grids whose corners lie on those of the image.
NESTED_GRIDS = ("unet", "light_unet", "depth_unet", "light_depth", "multitask", "light_multitask",
                "hourglass", "light_hourglass")

# Networks that infer by reconstruction.
DUAL = ("dual_network", "light_dual")

STARTS = ("all", "encoder")


def has_nested_grids(network):
  """Returns whether crops must be multiples of 32 for a network, not 8k+1.

  Args:
    network: `schema.Network`.

  Example:
    >>> from keras_weakseg.configs.sections import schema_networks
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
  require(not network.sees_depth or registry.role_of(network.type) == registry.SEGMENTATION,
          "network.sees_depth", expected="false, but for networks that segment",
          received=f"true with '{network.type}'")


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
  require(not network.sees_depth, f"{key}.sees_depth", expected="false",
          received=True, fix="Only the network that is evaluated may see depth.")
  require(not network.pretrained or network.type != "shared", f"{key}.pretrained", expected="''",
          received=network.pretrained,
          fix="Set `network.pretrained`: a shared encoder is that of the network.")
  _validate_options(f"{key}.{network.type}", network.get())


def _validate_options(at, options):
  base.check(options, at)
  _validate_encoder(at, vars(options))


def _validate_encoder(at, given):
  """Checks options that only some encoders have."""
  encoder = given.get("encoder")
  if encoder == "mobilenet_v1":
    require(given["output_stride"] == 16, f"{at}.output_stride", expected="16 with mobilenet_v1",
            received=given["output_stride"])
  elif encoder is not None:
    for key, wanted in (("alpha", 1.0), ("frozen_blocks", 0)):
      require(given[key] == wanted, f"{at}.{key}", expected=f"{wanted} with {encoder}",
              received=given[key],
              fix=f"Leave it out, or set `{at}.encoder=mobilenet_v1`.")
