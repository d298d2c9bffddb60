"""Suites: rows, seeds and orderings that should hold, trained or evaluated into one table.

The package is itself the function: `kw.benchmark("em/scenes", model_dir="runs/em")`.
"""
import sys
import types

from keras_weakseg.benchmark.reading import read_suite, suites
from keras_weakseg.benchmark.running import benchmark
from keras_weakseg.benchmark.suite import Figure, Ordering, Row, Suite
from keras_weakseg.benchmark.tables import Report

__all__ = ["Figure", "Ordering", "Report", "Row", "Suite", "benchmark", "read_suite", "suites"]


class _Function(types.ModuleType):
  """A package that can be called: as a name of `keras_weakseg` it is also the function."""
  __call__ = staticmethod(benchmark)


sys.modules[__name__].__class__ = _Function
