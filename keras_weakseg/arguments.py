"""What public calls take, by name: every type for which the command line has a way of writing.

The command line is made from the signatures of the calls, read without importing them; a name here
stands there for one converter (`keras_weakseg.cli.converters`).
"""
import os
from typing import Any, Sequence, Union

Path = Union[str, os.PathLike]
Paths = Union[Path, Sequence[Path]]
Texts, Ints, Floats = Sequence[str], Sequence[int], Sequence[float]

# A trained model: a `Result`, a `model_dir` or an exported artifact.
Target = Any

# A data source: of samples to learn from, of samples with truth, of video, of which nothing but the
# images is read; several by name.
Source = Any
Evaluated = Any
Video = Any
Images = Any
Sources = Any

Overrides = Any  # `"key.of.section=value,..."`, a dict, or a list of these
Protocol = Any  # the protocol of a task, or a dict of its fields
Values = Any  # a dict of names to values
Names = Any  # a list of names, or the path of a file of one a line
Words = Any  # a dict of names to lists of words, or the path of a JSON file of one
Crf = Any  # `ops.crf_parameters.CrfParameters`, its name, or its text
Crfs = Sequence[Crf]
Optimizer = Any  # of Keras

# Further keywords: of a recipe, of the task of a model.
OfRecipe = Any
OfTask = Any
