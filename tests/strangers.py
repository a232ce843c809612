"""Mail, taken by servers that other people wrote: Postfix's smtp-sink, and aiosmtpd in clear, with STARTTLS and AUTH, and with TLS from the
first byte. Each gets a service of its own, one notification, and has to say that the mail is what it should be. `just strangers` runs it."""

import base64
import email
import email.policy
import json
import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dkim
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import AuthResult, SMTP

RULES = """
rules:
  - name: port-full
    when: party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL
    key: [party.billing_code, party.party_id]
    severity: critical
    summary: '{{ party.name }} found no free port in meeting {{ billing_code }}'
receivers:
  - name: bridge-ops
    email: { to: [%s], personal_data: clear }
route: { receiver: bridge-ops }
"""
NAME = "真实名称"
PATIENCE = 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, look):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE}s")


def mails(admin):
    """How many attempts ended how."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics").read().decode()
    prefix = 'bellwether_mails_total{outcome="'
    lines = [line[len(prefix) :].split('"} ') for line in text.splitlines() if line.startswith(prefix)]
    return {outcome: int(count) for outcome, count in lines}


@contextmanager
def ending(process):
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def told(folder, bellwether, relay, dkim_key=None, recipient="noc@example.com"):
    """Runs the service with that relay until one mail has ended; says how."""
    folder = Path(folder)
    (folder / "rules.yaml").write_text(RULES % recipient)
    port, admin = free_port(), free_port()
    config = {
        "listen": f"127.0.0.1:{port}",
        "admin": f"127.0.0.1:{admin}",
        "data": str(folder / "data"),
        "rules": [str(folder / "rules.yaml")],
        "mail": {"from": "Bellwether 告警 <alerts@example.com>", "relays": [{"host": "127.0.0.1", **relay}]},
    }
    if dkim_key:
        config["mail"]["dkim"] = {"selector": "test", "key_file": str(dkim_key)}
    (folder / "bellwether.yaml").write_text(json.dumps(config))
    with ending(subprocess.Popen([bellwether, "serve", "--config", folder / "bellwether.yaml"], stderr=subprocess.DEVNULL)):
        until("the service", lambda: answers(port) and answers(admin))
        flags = "--billing-code 33333 --party-id 1 --status disconnected --disconnect-reason port_full".split()
        send = [bellwether, "send", "--server", f"http://127.0.0.1:{port}", *flags, "--name", NAME]
        subprocess.run(send, check=True, stdout=subprocess.DEVNULL)
        return until("an outcome", lambda: next((end for end, count in mails(admin).items() if count), None))


class Box(Message):
    """Keeps what it takes."""

    def __init__(self):
        super().__init__()
        self.taken = []

    def prepare_message(self, session, envelope):
        self.taken.append(envelope.original_content)
        return super().prepare_message(session, envelope)

    def handle_message(self, message):
        pass


class Login:
    """Lets `user` in, whose password is `secret`; remembers by which mechanism."""

    def __init__(self):
        self.mechanisms = []

    def __call__(self, server, session, envelope, mechanism, data):
        self.mechanisms.append(mechanism)
        return AuthResult(success=(data.login, data.password) == (b"user", b"secret"), handled=False)


class Stranger(Controller):
    def __init__(self, box, implicit=None, **options):
        self.options = options
        super().__init__(box, hostname="127.0.0.1", port=free_port(), ssl_context=implicit)

    def factory(self):
        return SMTP(self.handler, **self.options)


def check_mail(raw, keys=None):
    """What a mail program makes of it."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert not mail.defects and not any(part.defects for part in mail.walk()), "defects"
    assert NAME in mail["Subject"] and "33333" in mail["Subject"], mail["Subject"]
    assert mail["From"] == "Bellwether 告警 <alerts@example.com>", mail["From"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")
    for kind in ("plain", "html"):
        body = mail.get_body([kind]).get_content()
        assert NAME in body, f"no name in the {kind} part"
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in lines), "line ends"
    if keys:
        verified = dkim.verify(raw, dnsfunc=lambda name, **_: keys[name.decode().rstrip(".")])
        assert verified, "the signature does not verify"


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def authority(folder):
    """A certificate for 127.0.0.1 that is its own authority, with its key."""
    cert, key = Path(folder) / "cert.pem", Path(folder) / "key.pem"
    name = "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE".split()
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", *name, "-keyout", key, "-out", cert, "-days", "2")
    return cert, key


def dkim_keys(folder):
    """Keys of both kinds, each with what its domain would publish."""
    for kind, options, tag in (
        ("rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "rsa"),
        ("ed25519", ["-algorithm", "ED25519"], "ed25519"),
    ):
        path = Path(folder) / f"{kind}.key"
        openssl("genpkey", *options, "-out", path)
        os.chmod(path, 0o600)
        public = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
        public = public[-32:] if kind == "ed25519" else public
        yield path, {"test._domainkey.example.com": f"v=DKIM1; k={tag}; p={base64.b64encode(public).decode()}".encode()}


def smtp_sink(bellwether, folder, *options):
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = [shutil.which("smtp-sink") or "/usr/sbin/smtp-sink", *user, *options, f"127.0.0.1:{port}", "100"]
    with ending(subprocess.Popen(sink, stderr=subprocess.DEVNULL)):
        until("smtp-sink", lambda: answers(port))
        return told(folder, bellwether, {"port": port, "tls": "none"})


def main(bellwether):
    # aiosmtpd tells of every session that ends early, as some here must.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", "Requiring AUTH")
    results = []

    def check(name, test):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(folder)
                results.append((name, "ok"))
            except Exception as error:  # the next stranger is met all the same
                results.append((name, f"FAILED: {error!r}"))
        print(f"{results[-1][1]:8} {name}", flush=True)

    def taken(folder, relay, box, **rest):
        end = told(folder, bellwether, relay, **rest)
        assert end == "sent" and len(box.taken) == 1, f"{end}, {len(box.taken)} taken"
        return box.taken[0]

    @contextmanager
    def stranger(implicit=None, **options):
        box = Box()
        server = Stranger(box, implicit, **options)
        server.start()
        try:
            yield server.port, box
        finally:
            server.stop()

    def in_clear(folder):
        with stranger() as (port, box):
            check_mail(taken(folder, {"port": port, "tls": "none"}, box))

    def other_script(folder):
        with stranger(enable_SMTPUTF8=True) as (port, box):
            raw = taken(folder, {"port": port, "tls": "none"}, box, recipient="张伟@example.com")
            assert "张伟@example.com".encode() in raw

    def no_other_script(folder):
        with stranger() as (port, _):
            end = told(folder, bellwether, {"port": port, "tls": "none"}, recipient="张伟@example.com")
            assert end == "refused", end

    def signed(folder):
        for key, published in dkim_keys(folder):
            with stranger() as (port, box), tempfile.TemporaryDirectory() as place:
                raw = taken(place, {"port": port, "tls": "none"}, box, dkim_key=key)
                check_mail(raw, published)

    def encrypted(folder, is_implicit, password="secret", excluded=(), expected="sent", trusted=True):
        cert, key = authority(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        secret = Path(folder) / "password"
        secret.write_text(password + "\n")
        os.chmod(secret, 0o600)
        login = Login()
        options = {"authenticator": login, "auth_required": True, "auth_exclude_mechanism": excluded}
        options |= {"auth_require_tls": False} if is_implicit else {"tls_context": context, "require_starttls": True}
        with stranger(context if is_implicit else None, **options) as (port, box):
            relay = {"port": port, "tls": "tls" if is_implicit else "starttls"}
            relay |= {"username": "user", "password_file": str(secret)}
            relay |= {"ca_file": str(cert)} if trusted else {}
            end = told(folder, bellwether, relay)
            assert end == expected, end
            if end == "sent":
                check_mail(box.taken[0])
                assert login.mechanisms == (["LOGIN"] if excluded else ["PLAIN"]), login.mechanisms

    if shutil.which("smtp-sink") or os.path.exists("/usr/sbin/smtp-sink"):
        for options, expected in (
            ([], "sent"),
            (["-e"], "deferred"),
            (["-r", "rcpt"], "deferred"),
            (["-f", "rcpt", "-B", "550 5.1.1 no such user"], "refused"),
            (["-f", "rcpt", "-B", "503 5.5.1 bad sequence"], "deferred"),
            (["-r", "."], "deferred"),
            (["-f", ".", "-B", "554 5.7.1 spam"], "refused"),
            (["-q", "data"], "deferred"),
        ):

            def sink(folder, options=options, expected=expected):
                end = smtp_sink(bellwether, folder, *options)
                assert end == expected, end

            check(f"Postfix's smtp-sink {' '.join(options)} ({expected})", sink)
    else:
        print("SKIP     Postfix's smtp-sink is not here: apt install postfix")
    check("aiosmtpd", in_clear)
    check("aiosmtpd with SMTPUTF8, to a Chinese name", other_script)
    check("aiosmtpd without SMTPUTF8, to a Chinese name (refused)", no_other_script)
    check("aiosmtpd, signatures verified by dkimpy, RSA and Ed25519", signed)
    check("aiosmtpd with STARTTLS and AUTH PLAIN", lambda folder: encrypted(folder, False))
    check("aiosmtpd with STARTTLS and AUTH LOGIN alone", lambda folder: encrypted(folder, False, excluded=["PLAIN"]))
    check("aiosmtpd with TLS from the first byte and AUTH", lambda folder: encrypted(folder, True))
    check("aiosmtpd, wrong password (deferred)", lambda folder: encrypted(folder, False, "wrong", expected="deferred"))
    check(
        "aiosmtpd, certificate of an unknown authority (deferred)",
        lambda folder: encrypted(folder, False, expected="deferred", trusted=False),
    )
    failed = [name for name, result in results if result != "ok"]
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
