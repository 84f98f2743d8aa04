"""A mail server on this computer, for smtplib to talk to: it keeps what it takes.

What it does depends on the address: `nobody` is refused for good, `later` for now; at `hangs-up`
the line breaks before the message is acknowledged, and `dislikes` refuses the text.
"""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class MailServer:
    port: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def recipients(self) -> list[str]:
        return [to for to, _ in self.taken]


class Conversation(socketserver.StreamRequestHandler):
    mail: MailServer

    def handle(self) -> None:
        self.say("220 here")
        to = ""
        while line := self.rfile.readline().decode().strip():
            word = line.split(":")[0].upper()
            if word.startswith(("EHLO", "HELO")):
                self.say("250 hello")
            elif word == "MAIL FROM":
                self.say("250 fine")
            elif word == "RCPT TO":
                to = re.sub(r".*<(.*)>.*", r"\1", line)
                self.say(self.answer_to(to))
            elif word == "DATA":
                if not self.take(to):
                    return
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 as you like")

    def answer_to(self, to: str) -> str:
        if to.startswith("nobody"):
            return f"550 5.1.1 no such user {to}"
        return "451 4.7.1 try later" if to.startswith("later") else "250 fine"

    def take(self, to: str) -> bool:
        self.say("354 go ahead")
        lines = []
        while (line := self.rfile.readline().decode()) not in {".\r\n", ""}:
            lines.append(line)
        if to.startswith("hangs-up"):
            return False
        if to.startswith("dislikes"):
            self.say("554 5.6.0 not this one")
            return True
        with self.mail.lock:
            self.mail.taken.append((to, "".join(lines)))
        self.say("250 taken")
        return True

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def mail_server() -> Iterator[MailServer]:
    mail = MailServer()
    handler = type("Handler", (Conversation,), {"mail": mail})
    with Server(("127.0.0.1", 0), handler) as server:
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield mail
        server.shutdown()
        thread.join()
