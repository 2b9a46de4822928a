"""FARCALL_VENDORED=folder runs all tests with the vendored farcall.py in that folder instead of the package."""

import os
import sys
from pathlib import Path

here = Path(__file__).parent
sys.path.insert(0, str(here))
sys.path.insert(0, os.environ.get("FARCALL_VENDORED", str(here.parent)))
