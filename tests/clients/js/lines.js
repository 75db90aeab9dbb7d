// What every client here says and hears, one line each; `tests/clients/foreign.py` is the other end.
//
// It hears: roster | say JID TEXT | history JID | disco | leave
// It says:  online JID | roster JID… | message JID TEXT | receipt ID | history TEXT | features N | offline
import { createInterface } from "node:readline";

export const [, , address, domain, username, password] = process.argv;

export function tell(...words) {
  process.stdout.write(words.join(" ") + "\n");
}

export function listen(deeds) {
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const [deed, to, ...text] = line.split(" ");
    try {
      await deeds[deed](to, text.join(" "));
    } catch (error) {
      fail(error);
    }
  });
}

export function fail(error) {
  tell("failed", String(error?.stack ?? error).replaceAll("\n", " | "));
  process.exit(1);
}
