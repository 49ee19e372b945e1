#!/usr/bin/env bash
# Coverage says that lines did not run, and they did: all that a coroutine runs after it awaited
# another one that caught the exception of a future.
#
# With coverage 7.17.3 on CPython 3.11 the two prints at the end of `main` run, and the report has
# them as missing. A resumption with an exception (`coroutine.throw`) enters the inner coroutine
# past the outer one, so the tracer of 3.11 is not told that the outer one goes on.
# Way out: take the exception as a value, `asyncio.gather(..., return_exceptions=True)`.
#
# Prints what it saw; fails if that has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check coverage==7.17.3

cat > case.py <<'CASE'
import asyncio


async def caught(future):
    try:
        await future
    except ValueError:
        return "caught"


async def main():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, ValueError())
    print(await caught(future))
    print("runs")
    print("runs, too")


asyncio.run(main())
CASE

ran=$(venv/bin/coverage run case.py)
missing=$(venv/bin/coverage report --show-missing | sed -n 's/^case.py.*% *//p')
printf 'printed: %s\n' "$(echo "$ran" | tr '\n' '|')"
printf 'lines that coverage calls missing: %s\n' "$missing"
[ "$ran" = $'caught\nruns\nruns, too' ]
[ "$missing" = "15-16" ]
