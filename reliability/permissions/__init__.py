"""What the function may do, compared with what it does: nothing missing, nothing unused.

Stacks are made of the real constructs, the function runs the whole lifecycle of each before fakes
at the wire, and every call that it signs is held against the policies of the stack's template.
"""
