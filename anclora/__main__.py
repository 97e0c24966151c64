"""`python -m anclora` is the `anclora` command."""

from anclora.cli import main

main()
