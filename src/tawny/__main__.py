"""`python -m tawny` is the same as `tawny`."""

from tawny.cli.main import main

main()
