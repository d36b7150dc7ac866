import unittest

from libs.money import round_cents


class TestRounding(unittest.TestCase):
    def test_half_a_cent_goes_away_from_zero(self):
        self.assertEqual([round_cents(amount) for amount in (0.5, 1.5, -0.5)], [1, 2, -1])
