"""Every call of every lifecycle, with every fault injected.

A worker process has a simulated world, see `world` in `simulation`. The function runs in processes
of its own, so that it can be killed.

matrix       which runs there are, and the table of their results
`-- run      one run: a lifecycle, a call, a fault
    `-- inject    what each fault does to a call
"""
