"""`python -m keras_weakseg.cli`."""
from keras_weakseg.cli.commands import main

if __name__ == "__main__":
  raise SystemExit(main())
