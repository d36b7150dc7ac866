"""A copy of what we need of requests."""

import json
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit


class HTTPError(Exception):
    pass


class Response:
    def __init__(self, status_code, text):
        self.status_code = status_code
        self.text = text

    def json(self):
        return json.loads(self.text)

    def raise_for_status(self):
        if self.status_code >= 400:
            raise HTTPError(self.status_code)


def get(url, params=None, timeout=None):
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", f"{parts.path}?{urlencode(params or {})}")
        answer = connection.getresponse()
        return Response(answer.status, answer.read().decode())
    finally:
        connection.close()
