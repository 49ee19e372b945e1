"""A run against a real account: the unknowns settled, and the product on real CloudFormation.

`python -m live` tells what it makes and costs, asks, makes a nano container service,
puts the questions to it, has the CDK command line create, update, roll back and destroy a stack,
removes everything, and writes a report.

    __main__ -> account, plan, run -> credentials, names
    run -> probing -> probes -> probed_service -> lightsail, registry, images -> waiting, mask
        |-> product -> cdk -> app
        |-> clean_up -> stack
        `-> document -> answers
"""
