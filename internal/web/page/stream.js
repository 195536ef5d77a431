// The one connection to the server. It comes back by itself, always.

export function connect(on) {
  let again = 1000;
  const open = () => {
    const source = new EventSource("/events");
    source.addEventListener("hello", (e) => {
      again = 1000;
      on.line(true);
      on.hello(JSON.parse(e.data));
    });
    source.addEventListener("state", (e) => on.state(JSON.parse(e.data)));
    source.addEventListener("messages", (e) => on.messages(JSON.parse(e.data)));
    source.addEventListener("missed", (e) => on.missed(Number(e.data)));
    source.addEventListener("error", () => {
      on.line(false);
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      setTimeout(open, again);
      again = Math.min(2 * again, 15000);
    });
  };
  open();
}
