#!/usr/bin/env python
"""Entry point; settings come from the environment."""

import os
import sys

from django.core.management import execute_from_command_line

from marketing_hub import absent, env

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketing_hub.settings")
    with env.refusing(), absent.refusing():
        execute_from_command_line(sys.argv)
