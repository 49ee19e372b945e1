"""Coverage-guided fuzzing of everything that is parsed: what comes from users, registries, AWS.

`targets` and `wire_targets` say what must hold, also without the fuzzer: tests use them, and replay
the corpus that is kept.
"""

import os

# The handler makes a client when it is imported, as AWS Lambda does, in a Region.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
