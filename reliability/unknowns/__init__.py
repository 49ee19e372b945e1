"""What AWS does not document of Lightsail, U1 to U14 and D1 to D9: all sides and pairs of them.

`command` runs every lifecycle on every row of assumptions in the simulated world. `runs` and
`scenarios` are the same on a local cloud, by CloudFormation's own API, for the tests of its engine.
"""

import os

# jsii and the CDK read these when they are first imported; their checks of a template have tests.
os.environ.setdefault("CDK_VALIDATION", "false")
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
