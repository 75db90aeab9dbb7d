// Strophe.js, over BOSH or WebSocket as the address says. Converse.js is built on it.
import { $iq, $msg, $pres, Strophe } from "strophe.js";
import XMLHttpRequest from "xhr2";
import { address, domain, fail, listen, password, tell, username } from "./lines.js";

// What browsers have and Node has not: the answer, parsed.
globalThis.XMLHttpRequest = class extends XMLHttpRequest {
  get responseXML() {
    return this.responseText ? new DOMParser().parseFromString(this.responseText, "text/xml") : null;
  }

  set responseXML(_) {}
};

const RECEIPTS = "urn:xmpp:receipts";
const MAM = "urn:xmpp:mam:2";
Strophe.setLogLevel(Strophe.LogLevel.ERROR);
const connection = new Strophe.Connection(address);
const found = [];

function text(element, tag) {
  const child = element.getElementsByTagName(tag)[0];
  return child ? child.textContent : null;
}

function named(element, tag, namespace) {
  return [...element.getElementsByTagName(tag)].find(
    (each) => each.getAttribute("xmlns") === namespace,
  );
}

function onMessage(stanza) {
  const archived = named(stanza, "result", MAM);
  if (archived) {
    found.push(text(archived, "body"));
    return true;
  }
  const received = named(stanza, "received", RECEIPTS);
  if (received) tell("receipt", received.getAttribute("id"));
  const from = stanza.getAttribute("from");
  if (text(stanza, "body") === null) return true;
  tell("message", from, text(stanza, "body"));
  if (named(stanza, "request", RECEIPTS)) {
    const receipt = { xmlns: RECEIPTS, id: stanza.getAttribute("id") };
    connection.send($msg({ to: from, type: "chat" }).c("received", receipt));
  }
  return true;
}

function ask(iq) {
  return new Promise((resolve, reject) => connection.sendIQ(iq, resolve, reject, 10_000));
}

connection.connect(`${username}@${domain}/strophe`, password, (status, condition) => {
  if (status === Strophe.Status.CONNECTED) {
    connection.addHandler(onMessage, null, "message");
    connection.send($pres());
    tell("online", connection.jid);
  } else if (status === Strophe.Status.DISCONNECTED) {
    tell("offline");
    process.exit(0);
  } else if (status === Strophe.Status.AUTHFAIL || status === Strophe.Status.CONNFAIL) {
    fail(condition);
  }
});

listen({
  async roster() {
    const answer = await ask($iq({ type: "get" }).c("query", { xmlns: "jabber:iq:roster" }));
    const items = [...answer.getElementsByTagName("item")];
    tell("roster", ...items.map((item) => item.getAttribute("jid")));
  },
  say(to, words) {
    const message = $msg({ to, type: "chat", id: words }).c("body").t(words).up();
    connection.send(message.c("request", { xmlns: RECEIPTS }));
  },
  async history(jid) {
    const query = $iq({ type: "set" })
      .c("query", { xmlns: MAM })
      .c("x", { xmlns: "jabber:x:data", type: "submit" })
      .c("field", { var: "FORM_TYPE" })
      .c("value", {}, MAM)
      .up()
      .c("field", { var: "with" })
      .c("value", {}, jid);
    await ask(query);
    tell("history", ...found);
  },
  async disco() {
    const namespace = "http://jabber.org/protocol/disco#info";
    const answer = await ask($iq({ type: "get", to: domain }).c("query", { xmlns: namespace }));
    tell("features", answer.getElementsByTagName("feature").length);
  },
  leave() {
    connection.disconnect("done");
  },
});
