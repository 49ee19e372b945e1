"""Many at once, with little room.

crowds       the cases of twenty stacks at once in one service
`-- crowd    the stacks, each with a function of its own
door         twenty stacks before a Lightsail that limits its calls
memory       a function at 128 MB
releases     what functions of two releases in one account must do
`-- two_functions         the stacks, which are a crowd of two
    `-- asset_environment     functions that run as their assets, in real time
"""
