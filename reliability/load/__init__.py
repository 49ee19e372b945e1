"""Many at once, with little room.

crowds       the cases of twenty stacks at once in one service
|-- holding  what must hold after each of them
`-- crowd    the stacks
    |-- member        one of them, with a function of its own
    `-- properties    what their resources are made with
door         twenty stacks before a Lightsail that limits its calls
engine       twenty stacks that CloudFormation makes at once
memory       a function at 128 MB
releases     what functions of two releases in one account must do
`-- two_functions   the functions, each of its own asset
"""
