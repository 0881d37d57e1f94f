"""A stand-in for Twilio's REST API, as far as sitrep calls it: it takes messages, checks what Twilio would check, and
lists what it took. What it had to refuse stands in complaints; a run in which there is one has failed."""

import base64
import datetime
import email.utils
import http.server
import json
import re
import threading
import urllib.parse


class Twilio:
    def __init__(self, sid, token):
        self.path = f"/2010-04-01/Accounts/{sid}/Messages.json"
        self.login = "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode()
        self.sid = sid
        self.messages = []  # dicts: sid, to, from, body
        self.complaints = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def to(self, number):
        with self.lock:
            return [m for m in self.messages if m["to"] == number]

    def _handler(twilio):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers.get("Content-Length", 0))
                self.answer(*twilio.take(self.path, self.headers, self.rfile.read(size)))

            def do_GET(self):
                self.answer(*twilio.find(self.path, self.headers))

            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        return Handler

    def take(self, path, headers, body):
        """Takes one message, or says what Twilio would say."""
        refused = self.refuse(path, headers)
        if refused:
            return refused
        if headers.get("Content-Type", "").split(";")[0] != "application/x-www-form-urlencoded":
            return self.complain(415, 0, "the body is not a form")
        form = urllib.parse.parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True)
        for field in ("To", "From", "Body"):
            if len(form.get(field, [])) != 1 or not form[field][0]:
                return self.complain(400, 21604, f"the field {field} is not there once: {sorted(form)}")
        to, sender, text = form["To"][0], form["From"][0], form["Body"][0]
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", to):
            return self.complain(400, 21211, f"To is no number: {to}")
        if len(text) > 1600:
            return self.complain(400, 21617, "Body is longer than 1600 characters")
        with self.lock:
            message = {"sid": f"SM{len(self.messages) + 1:032x}", "account_sid": self.sid, "to": to, "from": sender,
                       "body": text, "status": "queued", "date_created": now(), "date_sent": None}
            self.messages.append(message)
        return 201, message

    def find(self, path, headers):
        """Lists messages, newest first."""
        url = urllib.parse.urlsplit(path)
        refused = self.refuse(url.path, headers)
        if refused:
            return refused
        wanted = dict(urllib.parse.parse_qsl(url.query)).get("To")
        with self.lock:
            found = [m for m in reversed(self.messages) if wanted in (None, m["to"])]
        return 200, {"messages": found, "page": 0, "page_size": 50, "next_page_uri": None}

    def refuse(self, path, headers):
        if path != self.path:
            return self.complain(404, 20404, f"there is nothing at {path}")
        if headers.get("Authorization") != self.login:
            return self.complain(401, 20003, "wrong account or token")
        return None

    def complain(self, status, code, text):
        with self.lock:
            self.complaints.append(text)
        return status, {"code": code, "message": text, "status": status}


def now():
    return email.utils.format_datetime(datetime.datetime.now(datetime.timezone.utc))
