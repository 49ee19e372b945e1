"""Everything that the function reaches, on loopback, in a time that passes when a caller sleeps.

world            Lightsail, its registry, registries to pull from, AWS, and ResponseURLs
|-- aws          the services of AWS beside Lightsail
`-- gate         what each call passes, with a name that is the same in each run
cloudformation   stacks: rollback, clean-up
|-- custom_resource   their requests, and the answers
|   `-- function      AWS Lambda: invocations, repetitions, hand-overs
|       `-- environment   where the function runs: in processes, or in this one
`-- template     what the constructs make, with the values that CloudFormation fills in
"""
