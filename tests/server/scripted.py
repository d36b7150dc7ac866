"""A language model on a leash: an OpenAI-compatible chat endpoint that answers from a script, as a process of its own.

    python -m tests.server.scripted --script SCRIPT.json --log REQUESTS.jsonl [--port 0]

It prints its port as the first line, serves `POST /v1/chat/completions` (streaming and not) until its standard
input closes, and keeps no state that an answer depends on: a conversation is found by its texts and a turn by the
number of assistant messages in the request, so that a program which was killed and resumed finds its place again.
Only faults are counted, so that each is met once, by the answer that has them. The script is read anew at each request.

    {"conversations": [CONVERSATION, ...]}            the first that matches answers

    CONVERSATION = {
      "model": "gpt-5.2",          the model that is asked
      "role": "editor",            the first message begins with "You are the editor of"
      "contains": ["...", ...],    each of these is somewhere in the system and user messages
      "lacks": ["...", ...],       and none of these is
      "turns": [ANSWER, ...],      by the number of assistant messages so far, those that were interrupted left out
      "pieces": 260,               in the place of turns: as many pieces of work, see tests/server/working.py
      "beyond": ANSWER             after the last turn; without it: HTTP 400 that says so (no client retries it)
    }
    (all keys but "turns" may be left out)

    ANSWER = {
      "text": "...",                                       content
      "calls": [{"name": "...", "arguments": {} | "raw text", "id": "..."}],   id: made up if left out
      "shell": "command" | "edit": ["path", "old", "new"] | "recall": "query" | "finish": {...},   calls for short
      "finish_reason": "stop",                             default: tool_calls where there are calls, else stop
      "usage": {"prompt": 1, "completion": 1, "cached": 0},  default: counted as one token for four characters
      "delay_seconds": 0.0,                                before the first byte
      "until": "path",                                     no first byte before there is such a file
      "faults": [FAULT, ...]                               met first, one at each request of this turn
    }

    FAULT = {"kind": KIND, ...} or just "KIND"; "always": true never gets past it
      "429"      rate limit; "retry_after": seconds, as a header, left out where not given
      "401" "404" "500" "503"      an OpenAI error body with that status
      "context"  400, code context_length_exceeded, naming "window": 1000 tokens
      "schema"   400, `response_format` with a schema is not supported
      "html"     502 with an HTML page
      "garbage"  200 whose body is no JSON (in a stream: an event that is none)
      "hang"     nothing for "seconds": 60
      "cut"      the connection is closed in the middle of the answer
      "raw"      the response as it is given: "status": 200, "body": "...", "type": "application/json", "headers": {}
      "events"   a stream with these "events": ["...", ...] as its data, "times": 1 over, each "after" 0 seconds;
                 then it ends as a stream does, or "then": "cut" | "hang" for "seconds": 60
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.server.answers import chunks, completion
from tests.server.working import next_answer

Json = dict[str, Any]

STATUS_TEXT = {
    401: ("Incorrect API key provided", "invalid_api_key"),
    404: ("The model does not exist", "model_not_found"),
    429: ("Rate limit reached", "rate_limit_exceeded"),
    500: ("The server had an error", "server_error"),
    503: ("The server is overloaded", "service_unavailable"),
}


class Script:
    """The script file, and how often each fault was met."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._met: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()

    def answer(self, model: str, messages: list[Json]) -> tuple[int, int, Json | None]:
        """Conversation number, turn number and the answer of the script, None where it has none."""
        turn = sum(message["role"] == "assistant" for message in messages) - done_again(messages)
        conversations = json.loads(self._path.read_text())["conversations"]
        for number, conversation in enumerate(conversations):
            if conversation.get("model") in {None, model} and matches(conversation, messages):
                if "pieces" in conversation:
                    return number, turn, next_answer(conversation, messages)
                turns = conversation["turns"]
                return number, turn, turns[turn] if turn < len(turns) else conversation.get("beyond")
        return -1, turn, None

    def next_fault(self, number: int, turn: int, answer: Json) -> Json | None:
        """The fault that this request meets, None where all were met."""
        faults = [{"kind": fault} if isinstance(fault, str) else fault for fault in answer.get("faults", [])]
        place = json.dumps([number, answer]), turn
        with self._lock:
            met = self._met[place]
            if met >= len(faults):
                return None
            if not faults[met].get("always"):
                self._met[place] += 1
            fault: Json = faults[met]
            return fault


def done_again(messages: list[Json]) -> int:
    """How many answers were interrupted: a model with sense says the same again."""
    mine, interrupted = "", set()
    for place, message in enumerate(messages):
        if message["role"] == "assistant":
            mine = str(place)
        elif message["role"] == "tool" and text_of(message).startswith("interrupted: "):
            interrupted.add(mine)
    return len(interrupted)


def matches(conversation: Json, messages: list[Json]) -> bool:
    """Whether a request belongs to a conversation of the script."""
    texts = [text_of(message) for message in messages if message["role"] in {"system", "user"}]
    role = conversation.get("role")
    if role is not None and not (texts and texts[0].startswith(f"You are the {role} of")):
        return False
    everything = "\n".join(texts)
    wanted = all(part in everything for part in conversation.get("contains", []))
    return wanted and not any(part in everything for part in conversation.get("lacks", []))


def text_of(message: Json) -> str:
    """The text of a message, whose content may be a list of blocks."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content)


def wait_for(answer: Json) -> None:
    """Wait as the answer wants it; not for ever, where a test has ended without a word."""
    time.sleep(answer.get("delay_seconds", 0.0))
    end = time.monotonic() + 300
    while "until" in answer and not Path(answer["until"]).exists() and time.monotonic() < end:
        time.sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    """One request to the endpoint."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: Script
    log_path: Path
    log_lock = threading.Lock()
    numbers = itertools.count(1)

    def do_POST(self) -> None:
        """Answer a chat completion from the script."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        number, turn, answer = self.script.answer(body["model"], body["messages"])
        fault = self.script.next_fault(number, turn, answer) if answer is not None else None
        self.write_log({"time": time.time(), "conversation": number, "turn": turn, "fault": fault, "request": body})
        if answer is None:
            self.send_error_body(400, f"the script has no turn {turn} of conversation {number}", "script_ended")
        elif fault is not None and fault["kind"] != "cut":
            self.send_fault(fault, stream=bool(body.get("stream")))
        else:
            wait_for(answer)
            self.send_answer(body, answer, turn, cut=fault is not None)

    def write_log(self, line: Json) -> None:
        """Append one request to the log."""
        with self.log_lock, self.log_path.open("a") as log:
            log.write(json.dumps(line) + "\n")

    def send_fault(self, fault: Json, *, stream: bool) -> None:
        """Go wrong as the script wants it."""
        match fault["kind"]:
            case "hang":
                time.sleep(fault.get("seconds", 60))
                self.close_connection = True
            case "html":
                self.send_body(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")
            case "raw":
                self.send_raw(fault)
            case "events":
                self.send_slowly(fault)
            case "garbage" if stream:
                self.send_events(iter(["{this is no JSON"]), cut=False)
            case "garbage":
                self.send_body(200, b'{"choices": [', "application/json")
            case "context":
                window = fault.get("window", 1000)
                why = (
                    f"This model's maximum context length is {window} tokens. Please reduce the length of the messages."
                )
                self.send_error_body(400, why, "context_length_exceeded")
            case "schema":
                why = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
                self.send_error_body(400, why, "invalid_request_error")
            case kind:
                status = int(kind)
                why, code = STATUS_TEXT[status]
                self.send_error_body(status, why, code, retry_after=fault.get("retry_after"))

    def send_answer(self, body: Json, answer: Json, turn: int, *, cut: bool) -> None:
        """Send an answer in the form that was asked for; `cut` stops in its middle."""
        reply = completion(answer, body, number=next(self.numbers), turn=turn)
        if body.get("stream"):
            self.send_events((json.dumps(chunk) for chunk in chunks(reply, body)), cut=cut)
        elif cut:
            self.send_body(200, json.dumps(reply).encode(), "application/json", cut=True)
        else:
            self.send_body(200, json.dumps(reply).encode(), "application/json")

    def send_raw(self, fault: Json) -> None:
        """A response word for word."""
        body, kind = fault.get("body", ""), fault.get("type", "application/json")
        self.send_body(fault.get("status", 200), body.encode(), kind, headers=fault.get("headers"))

    def send_slowly(self, fault: Json) -> None:
        """A stream word for word, and how it ends."""
        self.begin_events()
        for _ in range(fault.get("times", 1)):
            for event in fault["events"]:
                self.send_piece(f"data: {event}\n\n")
                time.sleep(fault.get("after", 0))
        if fault.get("then") == "hang":
            time.sleep(fault.get("seconds", 60))
        self.close_connection = "then" in fault
        if not self.close_connection:
            self.wfile.write(b"0\r\n\r\n")

    def begin_events(self) -> None:
        """The head of a stream."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_piece(self, text: str) -> None:
        """One piece of a stream, at once."""
        payload = text.encode()
        self.wfile.write(f"{len(payload):x}\r\n".encode() + payload + b"\r\n")
        self.wfile.flush()

    def send_events(self, events: Iterator[str], *, cut: bool) -> None:
        """Server-sent events; `cut` closes the connection after half of them."""
        data = list(events)
        self.begin_events()
        for event in data[: max(1, len(data) // 2)] if cut else [*data, "[DONE]"]:
            self.send_piece(f"data: {event}\n\n")
        if cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def send_error_body(self, status: int, why: str, code: str, *, retry_after: float | None = None) -> None:
        """An error as OpenAI words it."""
        error = {"error": {"message": why, "type": code, "param": None, "code": code}}
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.send_body(status, json.dumps(error).encode(), "application/json", headers=headers)

    def send_body(
        self, status: int, body: bytes, content_type: str, *, headers: dict[str, str] | None = None, cut: bool = False
    ) -> None:
        """A whole response; `cut` closes the connection after half of its body."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def log_message(self, *_: Any) -> None:
        """The log file says it all."""


class Server(ThreadingHTTPServer):
    """Threads that hang on purpose don't hold up the end; clients that go away are no news."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """A client that timed out or was killed closes its connection: nothing to say."""


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    Handler.script, Handler.log_path = Script(options.script), options.log
    server = Server(("127.0.0.1", options.port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)  # noqa: T201 - the port is this program's output
    sys.stdin.buffer.read()
    # Hanging handler threads must not delay the end.
    os._exit(0)


if __name__ == "__main__":
    main()
