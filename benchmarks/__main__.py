"""Run every benchmark; arguments are for the copies, `--beside` for the waiting, too."""

import sys

from . import cold_start, copy_image, copy_over_network, deploy_again, own_time
from .copiers import NOTHING_TO_COMPARE
from .images import chosen
from .options import options_of

options = options_of(__doc__, 5, None)
chosen(options)  # a wrong option is refused before anything is measured
cold_start.main()
print()
if options.is_compared:
    copy_image.main()
    print()
    copy_over_network.main()
else:
    print(NOTHING_TO_COMPARE)
print()
deploy_again.main()
print()
sys.exit(own_time.main())
