"""Run every benchmark."""

from . import cold_start

cold_start.main()
