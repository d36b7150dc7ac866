import unittest

from textkit.page import address


class TestAddress(unittest.TestCase):
    def test_blanks_become_dashes(self):
        self.assertEqual(address("Hello big World"), "/pages/hello-big-world")
