import unittest

from shortlinks.report import heading


class TestHeading(unittest.TestCase):
    def test_it_says_whose_and_as_of_when(self):
        self.assertRegex(heading("Ada"), r"^Links of Ada, \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
