import unittest

from stock.shelf import get_item


class TestShelf(unittest.TestCase):
    def test_a_code_finds_its_item(self):
        self.assertEqual(get_item("a1")["name"], "anvil")

    def test_an_unknown_code_finds_nothing(self):
        self.assertIsNone(get_item("z9"))
