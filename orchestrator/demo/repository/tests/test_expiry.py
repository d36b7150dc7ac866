import unittest

from shortlinks.expiry import ends_in, has_ended


class TestExpiry(unittest.TestCase):
    def test_a_new_link_goes_on(self):
        self.assertFalse(has_ended(ends_in(days=1)))

    def test_an_old_link_has_ended(self):
        self.assertTrue(has_ended(ends_in(days=-1)))
