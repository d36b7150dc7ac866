import unittest

from reports.weekly import line


class TestWeekly(unittest.TestCase):
    def test_a_line_names_the_item(self):
        self.assertEqual(line("C3"), "C3: chain")

    def test_an_unknown_code_is_said(self):
        self.assertEqual(line("Z9"), "Z9: unknown")
