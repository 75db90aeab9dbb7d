"""nbxmpp, over STARTTLS, direct TLS or WebSocket as the address says; Gajim is built on it.

Run by the system's interpreter, which has GLib. Speaks the lines that `js/lines.js` tells of.
"""

import sys
from typing import Any
from urllib.parse import urlsplit

from gi.repository import Gio, GLib
from nbxmpp.client import Client
from nbxmpp.const import ConnectionProtocol, ConnectionType
from nbxmpp.modules.receipts import build_receipt
from nbxmpp.protocol import JID, Message, Presence
from nbxmpp.structs import StanzaHandler

address, domain, username, password = sys.argv[1:]
DOORS = {
    "xmpp": (ConnectionProtocol.TCP, ConnectionType.START_TLS),
    "xmpps": (ConnectionProtocol.TCP, ConnectionType.DIRECT_TLS),
    "ws": (ConnectionProtocol.WEBSOCKET, ConnectionType.PLAIN),
}
RECEIPTS = "urn:xmpp:receipts"


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


class Program:
    """Does what the lines say."""

    def __init__(self) -> None:
        self.loop = GLib.MainLoop()
        self.found: list[str] = []
        self.leaving = False
        self.client = client = Client()
        client.set_domain(domain)
        client.set_username(username)
        client.set_password(password)
        client.set_resource("nbxmpp")
        client.set_ignore_tls_errors(True)  # the tests' service makes its own certificate
        client.set_mechs({"SCRAM-SHA-256", "SCRAM-SHA-1"})
        where = urlsplit(address)
        host = address if where.scheme == "ws" else where.netloc
        client.set_custom_host(host, *DOORS[where.scheme])
        client.subscribe("connected", self.logged_in)
        client.subscribe("disconnected", self.disconnected)
        client.subscribe("connection-failed", self.failed)
        client.register_handler(StanzaHandler(name="message", callback=self.message, priority=60))
        client.connect()
        stdin = Gio.UnixInputStream.new(0, False)
        self.input = Gio.DataInputStream.new(stdin)
        self.listen()

    def listen(self) -> None:
        self.input.read_line_async(GLib.PRIORITY_DEFAULT, None, self.heard)

    def heard(self, stream: Any, result: Any) -> None:
        line, _ = stream.read_line_finish_utf8(result)
        if line is None:
            self.loop.quit()
            return
        deed, *rest = line.split(" ", 2)
        getattr(self, deed)(*rest)
        self.listen()

    # What happens

    def logged_in(self, *_: object) -> None:
        self.client.send_stanza(Presence())
        tell("online", self.client.get_bound_jid())

    def disconnected(self, *_: object) -> None:
        tell("offline" if self.leaving else f"failed {self.client.get_error()}")
        self.loop.quit()

    def failed(self, *_: object) -> None:
        tell("failed", "no connection")
        self.loop.quit()

    def message(self, _client: object, stanza: Any, properties: Any) -> None:
        if properties.is_mam_message:
            if properties.body is not None:
                self.found.append(properties.body)
            return
        if properties.is_receipt and properties.receipt.type == "received":
            tell("receipt", properties.receipt.id)
        if properties.body is None:
            return
        tell("message", properties.jid, properties.body)
        if properties.is_receipt and properties.receipt.type == "request":
            self.client.send_stanza(build_receipt(stanza))

    # What one may ask for

    def roster(self) -> None:
        self.client.get_module("Roster").request_roster(callback=self.have_roster)

    def have_roster(self, task: Any) -> None:
        tell("roster", *(item.jid for item in task.finish().items))

    def say(self, to: str, text: str) -> None:
        message = Message(to=to, body=text, typ="chat")
        message.setID(text)
        message.setTag("request", namespace=RECEIPTS)
        self.client.send_stanza(message)

    def history(self, jid: str) -> None:
        own = JID.from_string(f"{username}@{domain}")
        mam = self.client.get_module("MAM")
        mam.make_query(own, queryid="all", with_=jid, max_=50, callback=self.have_history)

    def have_history(self, task: Any) -> None:
        task.finish()
        tell("history", *self.found)

    def disco(self) -> None:
        discovery = self.client.get_module("Discovery")
        discovery.disco_info(domain, callback=self.have_features)

    def have_features(self, task: Any) -> None:
        tell("features", len(task.finish().features))

    def leave(self) -> None:
        self.leaving = True
        self.client.disconnect()


Program().loop.run()
