# ruff: noqa
from coro2cuda import cli

def call():
    cli.main(["run", "no_such_file.py:f", "3"])

# refused:
# coro2cuda: there is no file 'no_such_file.py'
