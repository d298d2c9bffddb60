"""`keras-weakseg`: every public call of the library as a command, made from its signature.

Everything heavy is imported when a command runs, so `--help` answers at once.
"""
from keras_weakseg.cli.commands import main
