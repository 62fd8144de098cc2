# ruff: noqa
async def f(n: int):
    yield n

# refused:
# yield.py:3:5: error: `yield` makes an async generator, which cannot be compiled
#     3 |     yield n
#       |     ^^^^^^^
#   in coroutine 'f'
#   hint: write results into an array
