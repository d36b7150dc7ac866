"""A forecast's server on this machine, for tests."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FORECASTS = {"Oslo": {"high": 3, "low": -4}, "Bad Köln": {"high": 9, "low": 2}}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        city = parse_qs(urlsplit(self.path).query).get("city", [""])[0]
        status = 500 if city == "Nowhere" else 200 if city in FORECASTS else 404
        body = json.dumps(FORECASTS.get(city, {})).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    """Serve until the end; gives the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
