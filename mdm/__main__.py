"""`python -m mdm`."""

import sys

from mdm.cli import main

if __name__ == "__main__":
    sys.exit(main())
