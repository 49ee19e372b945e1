"""Coverage-guided fuzzing of everything that is parsed: what comes from users, registries, AWS.

`targets` says what must hold, also without the fuzzer: tests replay the kept corpus with it.
"""
