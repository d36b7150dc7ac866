"""Tests one part of the repository, or all: python3 tools/check.py billing|payroll|money|all"""

import sys
import unittest
from pathlib import Path

TOP = Path(__file__).parents[1]
PARTS = {"billing": "services/billing", "payroll": "services/payroll", "money": "libs/money"}

sys.path.insert(0, str(TOP))
wanted = PARTS.values() if sys.argv[1:] == ["all"] else [PARTS[part] for part in sys.argv[1:]]
suite = unittest.TestSuite(unittest.defaultTestLoader.discover(str(TOP / part), top_level_dir=str(TOP)) for part in wanted)
sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
