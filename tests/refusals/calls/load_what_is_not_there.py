from coro2cuda import load


def call():
    load("no/such/directory")

# refused:
# FileNotFoundError: there is no built program in 'no/such/directory' (no program.json); `coro2cuda build` writes one
