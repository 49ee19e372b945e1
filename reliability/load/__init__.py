"""Many at once, with little room.

crowds       the cases of twenty stacks at once in one service
|-- crowd    the stacks, each with a function of its own
`-- shared_time   their time, which goes on when all of them wait
door         twenty stacks before a Lightsail that limits its calls
engine       twenty stacks that CloudFormation makes at once
memory       a function at 128 MB
releases     functions of two releases in one account
"""
