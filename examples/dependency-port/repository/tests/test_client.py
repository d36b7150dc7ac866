import unittest

from forecast.client import today
from tests.server import serving


class TestClient(unittest.TestCase):
    def test_a_city_has_a_forecast(self):
        with serving() as server:
            self.assertEqual(today(server, "Oslo"), {"high": 3, "low": -4})
