"""Run every benchmark; arguments are for the copies."""

import sys

from . import cold_start, copy_image, copy_over_network, deploy_again

cold_start.main()
print()
copy_image.main()
print()
copy_over_network.main()
print()
sys.exit(deploy_again.main())
