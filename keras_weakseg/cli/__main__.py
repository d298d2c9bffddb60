"""`python -m keras_weakseg.cli`."""
from keras_weakseg.cli.commands import main

raise SystemExit(main())
