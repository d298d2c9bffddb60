"""Figures of a row: where they stand in its record, and how they are printed by default."""
import statistics

from keras_weakseg.benchmark import suite as suite_lib

_PERCENT = {"scale": 100.0, "decimals": 1}
_LOWER = {"better": "lower"}
_COUNT = {"decimals": 0}
# Title and what differs from the defaults of `Figure`.
KNOWN = {
    "mean_iou": ("mIoU, percent", _PERCENT),
    "pixel_accuracy": ("pixel accuracy, percent", _PERCENT),
    **{name: (name, _LOWER) for name in ("abs_rel", "sq_rel", "rmse", "rmse_log")},
    "a1": ("a1", {}), "a2": ("a2", {}), "a3": ("a3", {}),
    "rotation": ("rotation, median error in degrees", _LOWER),
    "translation": ("direction, median error in degrees", _LOWER),
    "ate": ("trajectory error over 5 frames", _LOWER),
    "masks_seen": ("masks seen", _COUNT),
    "images_seen": ("images seen", _COUNT),
    "epochs": ("epochs", {"decimals": 1}),
    "train_seconds": ("training, seconds", {**_COUNT, **_LOWER}),
    "parameters": ("parameters", {**_COUNT, **_LOWER}),
    "flops": ("operations, 10^9", {"scale": 1e-9, "decimals": 2, **_LOWER}),
    "flops_share": ("operations, percent of the whole network", {**_PERCENT, **_LOWER}),
    "pass_ms": ("pass, milliseconds", {"decimals": 1, **_LOWER}),
    "pass_share": ("pass, percent of the whole network", {**_PERCENT, **_LOWER}),
    **{f"log.{kind}_tag_{name}": (f"{name} of {kind} tags, percent", _PERCENT)
       for kind in ("cleaned", "noisy") for name in ("precision", "recall")},
    "nearer_shown": ("nearer surface shown, percent", _PERCENT),
    "reconstruction_share": ("error left after inference, percent", {**_PERCENT, **_LOWER}),
    "reconstruction_falls": ("images whose error falls in inference, percent", _PERCENT),
    "reconstruction_spread": ("spread of reconstructed values", {"decimals": 3}),
    "images_per_second": ("images per second", {"decimals": 1}),
}


def figure(name, **given):
  """Returns the `Figure` of a name, with the defaults of that name under what is given.

  Example:
    >>> figure("class_iou.cat").title
    'IoU of cat, percent'
    >>> figure("class_iou.cat+dog").title
    'mIoU of cat, dog, percent'
  """
  title, options = KNOWN.get(name, (name, {}))
  if name.startswith("class_iou."):
    names = name.partition(".")[2].split("+")
    title = f"{'m' * (len(names) > 1)}IoU of {', '.join(names)}, percent"
    options = _PERCENT
  return suite_lib.Figure(**{"name": name, "title": title, **options, **given})


def value(record, wanted):
  """Returns a figure of a record as it is printed, or None where there is none.

  Args:
    record: dict with `figures`, of one row and seed; None if it is not measured.
    wanted: `Figure`; dots in its name lead into dicts, and the figures of names that `+` joins are
      averaged: there is none if one of them is not there.

  Example:
    >>> value({"figures": {"class_iou": {"cat": 0.25}}}, figure("class_iou.cat"))
    25.0
  """
  found = (record or {}).get("figures", {})
  *keys, last = wanted.name.split(".")
  for key in keys:
    found = found.get(key) if isinstance(found, dict) else None
  found = [found.get(key) if isinstance(found, dict) else None for key in last.split("+")]
  numbers = all(isinstance(item, (int, float)) and not isinstance(item, bool) and item == item
                for item in found)
  return wanted.scale * statistics.fmean(found) if numbers else None


def cell(values, decimals):
  """Returns mean and sample standard deviation of printed values as text.

  Args:
    values: floats, None where nothing is known.
    decimals: that are printed.

  Example:
    >>> cell([40.0, 50.0], 1), cell([40.0, None], 1), cell([None], 1)
    ('45.0 ± 7.1', '40.0', '-')
  """
  known = [item for item in values if item is not None]
  if not known:
    return "-"
  spread = f" ± {statistics.stdev(known):.{decimals}f}" if len(known) > 1 else ""
  return f"{statistics.fmean(known):.{decimals}f}{spread}"
