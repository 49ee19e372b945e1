"""Run every benchmark; arguments are for the copy."""

import sys

from . import cold_start, copy_image

cold_start.main()
print()
sys.exit(copy_image.main())
