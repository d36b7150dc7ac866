import unittest

from services.billing.invoice import tax


class TestTax(unittest.TestCase):
    def test_tax_is_whole_cents(self):
        self.assertEqual(tax(1050, 19), 200)
