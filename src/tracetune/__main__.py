"""``python -m tracetune``."""

from tracetune.cli.main import main

main()
