import unittest

from services.payroll.slip import share


class TestShare(unittest.TestCase):
    def test_a_share_is_whole_cents(self):
        self.assertEqual(share(999, 50.1), 500)
