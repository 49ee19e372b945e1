"""What nobody knows of Lightsail, U1 to U14, on every side of each and all pairs of sides.

Each row of sides is lived through with each scenario: on a local cloud that behaves like that, by
CloudFormation's own API, with templates of the CDK and the function's asset.
"""

import os

# jsii and the CDK read these when they are first imported; their checks of a template have tests.
os.environ.setdefault("CDK_VALIDATION", "false")
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
