"""How far long work is: a bar on a terminal, else a line every so often with the time left."""
import sys

EVERY = 30.0  # seconds between two lines
_FORM = "{desc}: {n_fmt} of {total_fmt} {unit}s after {elapsed}, {remaining} left{postfix}"


def bar(items=None, name="", total=None, *, unit="image", show=True, initial=0, leave=False):
  """Returns items behind a bar; without items, a bar that is moved by `update`.

  Args:
    items: iterable, or None.
    name: of the work.
    total: number of items; None = not known.
    unit: what is counted.
    show: False = no bar, and no lines.
    initial: how many are done already.
    leave: whether a terminal keeps the bar.

  Returns:
    A `tqdm`.
  """
  from tqdm import auto  # pylint: disable=g-import-not-at-top
  options = {"total": total, "desc": name, "unit": unit, "initial": initial, "file": sys.stderr}
  if not show or sys.stderr.isatty() or "ipykernel" in sys.modules:
    return auto.tqdm(items, disable=not show, leave=leave, dynamic_ncols=True, **options)

  class Lines(auto.tqdm):
    """A bar whose states are lines of their own: in a log nothing can be drawn anew."""
    monitor_interval = 0
    told = initial

    def display(self, msg=None, pos=None):
      if msg is None and self.n != self.told:
        self.told = self.n
        print(self, file=self.fp, flush=True)

    def clear(self, nolock=False):
      return  # What is written stays.

  return Lines(items, leave=False, mininterval=EVERY, miniters=1, delay=EVERY, bar_format=_FORM,
               **options)
