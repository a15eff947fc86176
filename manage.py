#!/usr/bin/env python
"""Handoff's command line: `manage.py help` lists the commands."""

import os
import sys

from django.core.management import execute_from_command_line

from config.environment import BadEnvironment
from config.parent_process import end_with_parent

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    end_with_parent()
    try:
        execute_from_command_line(sys.argv)
    except BadEnvironment as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(2)
