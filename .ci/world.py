"""The world of the end-to-end run: the real programs, on ports of 127.0.0.1 and files of their own, and how to look at
what they did. Everything is stopped and removed at the end."""

import email
import email.policy
import getpass
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from twilio import Twilio

HERE = pathlib.Path(__file__).resolve().parent
SID = "AC" + "0" * 31 + "1"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Failed(Exception):
    """The run failed, for the reason that it says."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fill(text, **values):
    for name, value in values.items():
        if f"@{name}@" not in text:
            raise Failed(f"the template has no @{name}@")
        text = text.replace(f"@{name}@", str(value))
    return text


def wait_for(what, seconds, look):
    """Waits until look returns something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.1)


def get(url, token=None, body=None, method=None):
    """Asks, and returns status and body; 0 where nobody answers."""
    r = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode(), method=method)
    r.add_header("Content-Type", "application/json")
    if token:
        r.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(r, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()
    except OSError as e:
        return 0, str(e)


class World:
    def __init__(self, folder, sitrep):
        self.dir = pathlib.Path(folder)
        self.binary = sitrep
        self.running = {}  # name to process
        self.token = "token-of-oncall"
        self.sitrep_port, self.alertmanager_port, self.smtp_port = free_port(), free_port(), free_port()
        self.site = f"http://127.0.0.1:{self.sitrep_port}"
        self.twilio = Twilio(SID, "token-of-twilio")

    # --- programs -------------------------------------------------------------

    def program(self, name):
        found = shutil.which(name, path=PATH)
        if not found:
            raise Failed(f"{name} is not installed")
        return found

    def start(self, name, *command, env=None):
        with open(self.dir / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                command, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(env or {})}, start_new_session=True)

    def stop(self, name, how=signal.SIGTERM):
        """Stops a program and all that it started; returns its exit code."""
        p = self.running.pop(name)
        for sign in (how, signal.SIGKILL):
            try:
                if name == "sitrep":
                    p.send_signal(sign)
                else:  # exim has a process for each connection
                    os.killpg(p.pid, sign)
            except ProcessLookupError:
                pass
            try:
                return p.wait(timeout=15)
            except subprocess.TimeoutExpired:
                print(f"{name} did not stop by signal {sign}", file=sys.stderr)
        return p.wait()

    def close(self):
        for name in reversed(list(self.running)):
            self.stop(name)
        self.twilio.close()

    def logs(self):
        for log in sorted([*self.dir.glob("*.log"), *self.dir.glob("log/*log")]):
            lines = log.read_text(errors="replace").splitlines()
            print(f"--- {log.name}, the last {min(80, len(lines))} of {len(lines)} lines", file=sys.stderr)
            print("\n".join(lines[-80:]), file=sys.stderr)

    def start_mail_server(self):
        subprocess.run(
            [self.program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", self.dir / "key.pem", "-out", self.dir / "cert.pem"],
            check=True, capture_output=True)
        # As root exim becomes its own user, who has to reach its files.
        user = "Debian-exim" if os.geteuid() == 0 else getpass.getuser()
        self.dir.chmod(0o711)
        for folder in ("spool", "log", "mail"):
            (self.dir / folder).mkdir()
            shutil.chown(self.dir / folder, user)
        shutil.chown(self.dir / "key.pem", user)
        conf = self.dir / "exim.conf"
        conf.write_text(fill((HERE / "exim.conf").read_text(), DIR=self.dir, PORT=self.smtp_port, USER=user,
                             PASSWORD="password-of-smtp"))
        conf.chmod(0o644)
        self.start("exim", self.program("exim4"), "-C", str(conf), "-bdf")
        wait_for("the mail server's greeting", 15, self.greeted)

    def greeted(self):
        try:
            with socket.create_connection(("127.0.0.1", self.smtp_port), timeout=5) as s:
                return s.recv(100).startswith(b"220")
        except OSError:
            return False

    def start_alertmanager(self):
        """Runs Alertmanager on the example that ships, with its waiting times made short."""
        conf = (HERE.parent / "deploy" / "alertmanager.yml").read_text()
        secret = self.dir / "alertmanager-token"
        secret.write_text("token-of-alertmanager\n")
        own = {"url: http://127": (f"{self.site}/api/v1/alertmanager", 1), "url: https://outside": ("http://127.0.0.1:1/", 1),
               "credentials_file: ": (str(secret), 1), "group_wait: ": ("1s", 3), "group_interval: ": ("2s", 3),
               "repeat_interval: ": ("4s", 3)}
        for line, (value, times) in own.items():
            conf, n = re.subn(rf"(?m)^([ -]*{line.split(':')[0]}:){line.split(':', 1)[1]}.*$", rf"\1 {value}", conf)
            if n != times:
                raise Failed(f"deploy/alertmanager.yml has {line!r} {n} times")
        (self.dir / "alertmanager.yml").write_text(conf)
        self.start("alertmanager", self.program("prometheus-alertmanager"), f"--config.file={self.dir}/alertmanager.yml",
                   f"--storage.path={self.dir}/alertmanager", f"--web.listen-address=127.0.0.1:{self.alertmanager_port}",
                   "--cluster.listen-address=")
        wait_for("Alertmanager to be ready", 15, lambda: get(f"http://127.0.0.1:{self.alertmanager_port}/-/ready")[0] == 200)

    def configure_sitrep(self):
        conf = fill((HERE / "e2e.yml").read_text(), SMTP_PORT=self.smtp_port, TWILIO_PORT=self.twilio.port, SID=SID,
                    ALERTMANAGER_PORT=self.alertmanager_port)
        (self.dir / "sitrep.yml").write_text(conf)
        (self.dir / "duty.csv").write_text("name,email,phone,language\nPiket beheer,beheer@voorbeeld.example,,\n")
        for name, secret in {"smtp-password": "password-of-smtp", "twilio-token": "token-of-twilio",
                             "token-alertmanager": "token-of-alertmanager", "token-oncall": self.token}.items():
            (self.dir / name).write_text(secret + "\n")

    def start_sitrep(self):
        self.start("sitrep", self.binary, "serve", f"--config.file={self.dir}/sitrep.yml",
                   f"--storage.path={self.dir}/storage", f"--web.listen-address=127.0.0.1:{self.sitrep_port}",
                   env={"SSL_CERT_FILE": str(self.dir / "cert.pem")})
        wait_for("sitrep to be ready", 15, self.ready)

    def ready(self):
        code = self.running["sitrep"].poll()
        if code is not None:
            raise Failed(f"sitrep ended by itself with exit code {code}")
        return get(self.site + "/-/ready")[0] == 200

    # --- what happened --------------------------------------------------------

    def alert(self, starts, ends=None, **labels):
        """Raises an alert at Alertmanager, or ends it."""
        alert = {"labels": labels, "startsAt": starts.isoformat(),
                 "annotations": {"summary": f"{labels.get('service')} on {labels.get('instance')} does not answer"}}
        if ends:
            alert["endsAt"] = ends.isoformat()
        status, text = get(f"http://127.0.0.1:{self.alertmanager_port}/api/v2/alerts", body=[alert])
        if status != 200:
            raise Failed(f"Alertmanager does not take the alert: {status} {text}")

    def ask(self, path):
        status, text = get(self.site + path, token=self.token)
        if status != 200:
            raise Failed(f"GET {path}: {status} {text}")
        return json.loads(text)

    def incidents(self):
        return {i["service"]: i for i in self.ask("/api/v1/incidents")["incidents"]}

    def metric(self, line):
        """The value of the one series that is written so; 0 where there is none yet."""
        for l in get(self.site + "/metrics")[1].splitlines():
            if l.startswith(line + " "):
                return float(l.rpartition(" ")[2])
        return 0

    def mails(self, to):
        """The mails in the maildir for one address, in the order in which they arrived."""
        found = []
        for f in sorted((self.dir / "mail" / "new").glob("*"), key=lambda f: f.stat().st_mtime_ns):
            m = email.message_from_bytes(f.read_bytes(), policy=email.policy.default)
            if m["Envelope-to"] == to:
                found.append(m)
        return found
