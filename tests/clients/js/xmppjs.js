// xmpp.js, over STARTTLS, direct TLS or WebSocket as the address says.
import { client, xml } from "@xmpp/client";
import WebSocket from "ws";
import { address, domain, fail, listen, password, tell, username } from "./lines.js";

globalThis.WebSocket ??= WebSocket; // Node has its own from 22 on

const RECEIPTS = "urn:xmpp:receipts";
const MAM = "urn:xmpp:mam:2";
const xmpp = client({ service: address, domain, username, password, resource: "xmppjs" });
xmpp.reconnect.stop();
const found = [];

xmpp.on("error", fail);
xmpp.on("online", async (jid) => {
  await xmpp.send(xml("presence"));
  tell("online", jid);
});
xmpp.on("stanza", async (stanza) => {
  if (!stanza.is("message")) return;
  const archived = stanza.getChild("result", MAM);
  if (archived) {
    found.push(archived.getChild("forwarded").getChild("message").getChildText("body"));
    return;
  }
  const received = stanza.getChild("received", RECEIPTS);
  if (received) tell("receipt", received.attrs.id);
  if (!stanza.getChildText("body")) return;
  tell("message", stanza.attrs.from, stanza.getChildText("body"));
  if (stanza.getChild("request", RECEIPTS)) {
    const receipt = xml("received", { xmlns: RECEIPTS, id: stanza.attrs.id });
    await xmpp.send(xml("message", { to: stanza.attrs.from, type: "chat" }, receipt));
  }
});

listen({
  async roster() {
    const query = await xmpp.iqCaller.get(xml("query", "jabber:iq:roster"));
    tell("roster", ...query.getChildren("item").map((item) => item.attrs.jid));
  },
  async say(to, text) {
    const request = xml("request", { xmlns: RECEIPTS });
    await xmpp.send(xml("message", { to, type: "chat", id: text }, xml("body", {}, text), request));
  },
  async history(jid) {
    const field = (name, value) => xml("field", { var: name }, xml("value", {}, value));
    const form = xml("x", { xmlns: "jabber:x:data", type: "submit" });
    form.append(field("FORM_TYPE", MAM));
    form.append(field("with", jid));
    await xmpp.iqCaller.set(xml("query", { xmlns: MAM }, form));
    tell("history", ...found);
  },
  async disco() {
    const query = await xmpp.iqCaller.get(
      xml("query", "http://jabber.org/protocol/disco#info"),
      domain,
    );
    tell("features", query.getChildren("feature").length);
  },
  async leave() {
    await xmpp.stop();
    tell("offline");
    process.exit(0);
  },
});

await xmpp.start().catch(fail);
