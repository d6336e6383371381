"""`python -m cryptoscalp.cli`: the `cryptoscalp` command."""

from cryptoscalp.cli.main import run

run()
