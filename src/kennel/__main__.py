"""`python -m kennel` is the `kennel` command."""

import sys

from kennel.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
