import unittest

from orders.basket import total_cents


class TestBasket(unittest.TestCase):
    def test_a_basket_costs_what_its_items_cost(self):
        self.assertEqual(total_cents(["a1", "b2", "z9"]), 9915)
