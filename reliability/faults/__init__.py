"""Every call of every scenario, struck by every fault.

A worker process holds a world: a Lightsail with its registry, a registry to pull from, the services
of AWS, and CloudFormation's side of custom resources, all on loopback behind one gate that knows
each call by its name. The function runs in processes of its own, so that it can be killed. Time is
shared and passes only when somebody sleeps.

matrix       which runs there are, and the table of what came out
|-- run      one run: a scenario, a call, a fault
|-- invariants       what must hold afterwards
|-- answers          the same, of the answers to CloudFormation
|-- cures            the sentences in them
|-- scenario the lives of stacks
|-- templates        what they are deployed with
|-- cloudformation   stacks: rollback, clean-up
|-- custom_resource  their requests, and the answers
|-- function         AWS Lambda: invocations, repetitions, hand-overs
|-- environment      the function's processes
|-- times    how long everybody waits
|-- world    the servers
|-- aws_services     those of AWS beside Lightsail
|-- strike   what each fault does to a call
|-- gate     the calls, each with its name
`-- clock    the time that all of them share
"""
