"""`python -m lightsail_local`, for where the command `lightsail-local` is not on the path."""

import sys

from lightsail_local.cli import main

sys.exit(main())
