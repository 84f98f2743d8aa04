#!/usr/bin/env python
"""Run a management command. `manage.py demo` needs no settings; everything else reads them
from the environment (see README.md)."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alliance_site.settings")
    if sys.argv[1:2] == ["demo"]:
        from alliance_site.demo import prepare_environment

        prepare_environment()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
