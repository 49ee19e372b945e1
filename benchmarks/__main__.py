"""Run every benchmark; arguments are for the copies, `--beside` for the waiting, too."""

import sys

from . import cold_start, copy_image, copy_over_network, deploy_again, own_time
from .runs import options_of

options_of(__doc__, 5, None)  # a wrong option is refused before anything is measured
cold_start.main()
print()
copy_image.main()
print()
copy_over_network.main()
print()
deploy_again.main()
print()
sys.exit(own_time.main())
