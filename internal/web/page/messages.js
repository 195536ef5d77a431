// The messages: the newest first, filtered here, as text and nothing else.

import { byId, compact, count, make, put, time } from "./format.js";

const kept = 500, rows = 200;

export class Messages {
  constructor(say) {
    this.say = say;
    this.list = []; // the newest last
    this.paused = false;
    this.missed = 0;
    this.shown = 0; // since the last account
    this.body = byId("rows");
    byId("filter").addEventListener("input", () => this.redraw());
    byId("pause").addEventListener("click", () => this.pause());
    document.addEventListener("keydown", (e) => {
      if (e.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) {
        e.preventDefault();
        byId("filter").focus();
      }
    });
  }

  pause() {
    this.paused = !this.paused;
    put(byId("pause"), this.paused ? "Go on" : "Pause");
    byId("messages").dataset.paused = this.paused;
    this.say(this.paused ? "Messages are paused." : "Messages go on.");
    if (!this.paused) this.redraw();
    this.waiting = 0;
  }

  matches(m) {
    const f = byId("filter").value.trim().toLowerCase();
    return f === "" || [m.text, m.user, m.peer, m.transport].some((s) => s?.toLowerCase().includes(f));
  }

  add(list) {
    this.shown += list.length;
    this.list.push(...list);
    this.list.splice(0, this.list.length - kept);
    if (this.paused) {
      this.waiting = (this.waiting ?? 0) + list.length;
      return;
    }
    this.body.prepend(...list.filter((m) => this.matches(m)).reverse().map(row));
    while (this.body.childElementCount > rows) this.body.lastElementChild.remove();
    this.tellEmpty();
  }

  redraw() {
    this.body.replaceChildren(...this.list.filter((m) => this.matches(m)).slice(-rows).reverse().map(row));
    this.tellEmpty();
  }

  tellEmpty() {
    byId("empty").hidden = this.body.childElementCount > 0;
    byId("how").hidden = this.came || this.list.length > 0;
    put(byId("empty-text"), this.list.length > 0 ? "None of what was shown matches the filter."
      : this.came ? "Nothing has come since this page was opened." : "Waiting for the first message.");
  }

  // begin says whether anything has come before this page, and where to send something to.
  begin(came, address) {
    this.came = came;
    if (address) put(byId("how-text"), `sigio send --to '${address}' 'hello, world'`);
    this.tellEmpty();
  }

  // tell says how much of what came is shown: came in so many seconds.
  tell(came, seconds, limit) {
    const shown = this.shown;
    this.shown = 0;
    let text = "Every message is shown.";
    if (came > shown + limit / 10) {
      text = `A sample: ${count(shown)} of ${compact(came)} messages in the last ${seconds < 1.5 ? "second" : `${Math.round(seconds)} seconds`}, at most ${limit} in a second. The counters count all.`;
      if (byId("filter").value) text += " The filter looks through the sample.";
    } else if (came === 0) {
      text = "Nothing has come in the last second.";
    }
    if (this.paused) text = `Paused; ${count(this.waiting ?? 0)} more were shown meanwhile. ${text}`;
    put(byId("sampling"), text);
  }
}

function row(m) {
  const text = make("td", { role: "cell" });
  text.append(m.text);
  if (m.cut) text.append(make("span", { class: "tag" }, `${count(m.cut)} bytes more`));
  if (m.raw) text.append(make("span", { class: "tag" }, "raw"));
  if (m.invalid_utf8) text.append(make("span", { class: "tag" }, "not UTF-8"));
  return make("tr", { role: "row" },
    make("td", { role: "cell" }, time(m.at)),
    make("td", { role: "cell" }, m.peer ? `${m.transport} ${m.peer}` : m.transport),
    make("td", { role: "cell" }, m.user ?? ""),
    text);
}
