#!/usr/bin/env python
"""Run a management command. The demo, and what only computes, need no settings; everything else
reads them from the environment (see README.md)."""

import os
import sys

COMPUTES_ONLY = ("backtest", "calibrate_limits")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alliance_site.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "demo":
        from alliance_site.demo import prepare_environment

        prepare_environment()
    elif command in COMPUTES_ONLY:
        from alliance_site.demo import prepare_empty_environment

        prepare_empty_environment()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
