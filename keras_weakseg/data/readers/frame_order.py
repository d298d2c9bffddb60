"""What the names of frames say of time: which come one after the other, and which only look so."""
import collections
import dataclasses
import decimal
import re
import statistics
from typing import Tuple

from keras_weakseg.data.readers import frame_files

_APART = 1 << 20          # between the positions of two cameras: no offset reaches so far
_FRACTION = re.compile(r"(?<![\d.])\d+\.(\d+)(?![\d.]*\d)")
_NUMBER, _WHOLE = re.compile(r"\d+(?:\.\d+)?"), re.compile(r"\d+")
_SHOWN = 4


@dataclasses.dataclass(frozen=True)
class Order:
  """Frames in their order in time.

  Attributes:
    names: sorted; frames of several cameras at the same time stand side by side.
    positions: one int per name. Frames at p and p + 1 follow one another; over a gap in the
      numbers, and from one camera to another, positions are further apart.
    cameras: what the names of each camera (or scene) look like, such as `left_#`; one is usual.
    gaps: names of the frames before a gap.
  """
  names: Tuple[str, ...]
  positions: Tuple[int, ...]
  cameras: Tuple[str, ...]
  gaps: Tuple[str, ...]

  def notes(self, clip):
    """Returns lines for the plan on what is unusual about a clip of this name."""
    lines = []
    if len(self.cameras) > 1:
      lines.append(f"{clip}: {len(self.cameras)} cameras or scenes by the names of their frames "
                   f"({_some(self.cameras)}); neighbours are of the same one")
    if self.gaps:
      lines.append(f"{clip}: {len(self.gaps)} gaps in the numbers of the frames (behind "
                   f"{_some(self.gaps)}); there are no neighbours across")
    return lines


def order_of(names):
  """Returns the `Order` of frames by their names.

  The number that takes most values is the time; names that differ in anything else are of another
  camera. The usual step between numbers is one frame: 0, 5, 10 follow one another, and 5, 506 do
  not where the others go by one. `1.5` is a decimal fraction unless a name such as `1.10` among
  shorter ones says that it counts. Where most cameras would be left with a single frame, names
  give nothing but an order.

  Args:
    names: texts without folder and suffix.

  Example:
    >>> order_of(["f2", "f10", "f1", "f3"]).positions
    (0, 1, 2, 9)
    >>> order_of(["t0.5", "t0.25", "t0.75"]).names
    ('t0.25', 't0.5', 't0.75')
  """
  names = sorted(names, key=frame_files.natural_key)
  cameras = _cameras(names)
  most = max(map(len, cameras.values()), default=0)
  few = most == 1 or (len(cameras) * 2 > len(names) and most * 2 < len(names))
  if len(cameras) > 1 and few:
    return Order(tuple(names), tuple(range(len(names))), ("#",), ())
  rows, gaps, base = [], [], 0
  for number, frames in enumerate(cameras.values()):
    frames = sorted(frames)
    steps = _steps([value for value, _ in frames])
    for step, before in zip(steps[1:], frames):
      if step > 1:
        gaps.append(before[1])
    position = base
    for step, (value, name) in zip(steps, frames):
      position += step
      rows.append((value, number, position, name))
    base = position + _APART
  rows.sort()
  return Order(tuple(row[3] for row in rows), tuple(row[2] for row in rows), tuple(cameras),
               tuple(gaps))


def positions_of(names):
  """Returns the positions in time of names, in the order in which they are given.

  Example:
    >>> positions_of(("000010", "000000", "000005"))
    (2, 0, 1)
  """
  order = order_of(names)
  known = dict(zip(order.names, order.positions))
  return tuple(known[name] for name in names)


def _cameras(names):
  """Returns a dict of what names look like to a list of (time, name)."""
  number = _NUMBER if _are_fractions(names) else _WHOLE
  alike = collections.defaultdict(list)
  for name in names:
    alike[number.sub("#", name)].append((number.findall(name), name))
  found = collections.defaultdict(list)
  for shape, frames in alike.items():
    columns = list(zip(*(numbers for numbers, _ in frames)))
    kinds = [len(set(map(decimal.Decimal, column))) for column in columns]
    # Of two that vary alike, the one to the right runs faster.
    time = max(range(len(kinds)), key=lambda index: (kinds[index], index), default=None)
    for numbers, name in frames:
      parts = iter("#" if index == time or kinds[index] == 1 and len(frames) == 1 else text
                   for index, text in enumerate(numbers))
      value = decimal.Decimal(numbers[time]) if numbers else decimal.Decimal(0)
      found[re.sub("#", lambda _, parts=parts: next(parts), shape)].append((value, name))
  return dict(found)


def _are_fractions(names):
  """Returns whether `1.25` in these names is a number with a fraction, and not two that count."""
  digits = [text for name in names for text in _FRACTION.findall(name)]
  return len(set(map(len, digits))) == 1 or not any(
      len(text) > 1 and text.endswith("0") for text in digits)  # 1.0 is how Python writes 1


def _steps(values):
  """Returns how many frames each of sorted values lies behind the one before, the first 0."""
  differences = [after - before for before, after in zip(values, values[1:])]
  usual = statistics.median_low(differences) if differences else 0
  return [0, *(max(1, round(each / usual)) if usual else 1 for each in differences)]


def _some(names):
  more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
  return ", ".join(names[:_SHOWN]) + more
