"""The environment of every test and of the kernels that nbval starts: the one the stored outputs were made in."""

import os

from tools.notebooks import ENVIRONMENT

for name, value in ENVIRONMENT.items():
    os.environ.setdefault(name, value)
