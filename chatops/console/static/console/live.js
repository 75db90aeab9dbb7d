// Pages that follow what happens: an element with data-live="GROUP …" and an id is fetched anew
// when the service rings one of its groups: from the page itself, or from where the page's
// data-live-source says that its parts are found alone.
document.addEventListener("DOMContentLoaded", () => {
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  if (!parts().length) return;
  const groups = [...new Set(parts().flatMap((part) => part.dataset.live.split(/\s+/)))];
  const source = document.querySelector("[data-live-source]")?.dataset.liveSource || location.href;
  let pause = 1000, fetching = false, again = false;

  async function refresh() {
    if (fetching) { again = true; return; }
    fetching = true;
    try {
      const answer = await fetch(source, { headers: { "X-Requested-With": "live" } });
      if (answer.ok && !answer.redirected) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts()) {
          const other = fresh.getElementById(part.id);
          // What somebody is typing, or has chosen and not sent yet, stays.
          if (other && !part.touched && !part.contains(document.activeElement)) part.replaceChildren(...other.childNodes);
        }
      }
    } catch (error) {
      // The service is away: whoever connects again fetches again.
      if (!(error instanceof TypeError)) throw error;
    } finally {
      setTimeout(() => { fetching = false; if (again) { again = false; refresh(); } }, 500);
    }
  }

  document.addEventListener("input", (event) => {
    const part = event.target.closest("[data-live][id]");
    if (part) part.touched = true;
  });

  // One notice is enough, however many parts there are.
  const stale = (is) => parts()[0]?.classList.toggle("is-stale", is);

  function connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws/live/`);
    socket.onopen = () => { pause = 1000; stale(false); socket.send(JSON.stringify({ follow: groups })); refresh(); };
    socket.onmessage = refresh;
    socket.onclose = () => { stale(true); setTimeout(connect, pause); pause = Math.min(pause * 2, 30000); };
  }
  connect();
});
