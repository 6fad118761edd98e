"""`python -m mhfa_lms.cli`."""

import sys

from mhfa_lms.cli import main

sys.exit(main())
