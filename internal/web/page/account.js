// The account in numbers: the equation, the losses, and the tables.

import { ago, byId, bytes, compact, count, make, put, sum } from "./format.js";

export const kernel = "dropped by the kernel";
const missing = "gone from the spool";

export class AccountView {
  constructor(explain) {
    this.explain = explain;
    byId("all").addEventListener("toggle", () => this.counters());
  }

  show(account, rate) {
    this.account = account;
    const rejected = sum(account.rejected);
    put(byId("received"), count(account.received));
    put(byId("delivered"), count(account.delivered));
    put(byId("rejected"), count(rejected));
    put(byId("pending"), count(account.pending));
    put(byId("kernel"), count(account.kernel_drops));
    put(byId("open"), count(account.connections.open));
    if (rate !== null) put(byId("rate"), compact(rate));
    byId("rejected").dataset.tone = rejected ? "bad" : "";
    byId("kernel").dataset.tone = account.kernel_drops ? "bad" : "";
    this.losses();
    this.table("listeners", ["Address", "Received", "Delivered", "Rejected", "Pending", "Kernel dropped", "Signals", "Connections"],
      account.listeners.map((l) => [l.gone ? `${l.address} (given up)` : l.address, count(l.received), count(l.delivered), count(sum(l.rejected)), count(l.pending),
        count(l.kernel_drops), count(l.signals.received),
        l.connections.accepted ? `${count(l.connections.open)} open of ${count(l.connections.accepted)}` : "–"]));
    this.ends(account.connections.closed);
    this.table("outputs", ["Output", "State", "Written", "Bytes", "Lost", "Waiting", "Tried again"],
      account.outputs.map((o) => [o.output, state(o), count(o.written), bytes(o.written_bytes), count(o.lost),
        `${count(o.pending)} (${bytes(o.pending_bytes)})`, count(o.retries)]));
    this.spool(account.spool);
    this.counters();
  }

  spool(s) {
    byId("spool").hidden = !s;
    if (!s) return;
    byId("spool-level").value = s.max_bytes ? s.bytes / s.max_bytes : 0;
    const age = s.oldest ? `, the oldest ${ago(new Date(this.account.at) / 1000 - s.oldest)} old` : "";
    byId("spool-state").dataset.tone = s.full ? "bad" : "";
    put(byId("spool-state"), `${s.full ? "It is full, and reading has stopped. " : ""}${bytes(s.bytes)} of ${bytes(s.max_bytes)}, ${count(s.records)} records${age}`);
    this.table("spool-outputs", ["Output", "Records behind", "Messages missing"], s.outputs.map((o) => [o.output, count(o.behind), count(o.missing)]));
  }

  // lost is everything that was lost: [cause, where, messages]. What one of several outputs has lost
  // and another has written is not rejected.
  *lost() {
    const a = this.account;
    for (const [cause, n] of Object.entries({ [kernel]: a.kernel_drops, ...a.rejected })) yield [cause, "", n];
    const after = a.spool ? a.outputs.slice(1) : a.outputs; // the first one is the spool's own
    if (!a.spool && after.length === 1) return;
    for (const o of after) for (const [cause, n] of Object.entries(o.lost_by)) yield [cause, o.output, n];
    for (const o of a.spool?.outputs ?? []) yield [missing, o.output, o.missing];
  }

  ends(closed) {
    const all = Object.entries(closed).sort((a, b) => b[1] - a[1]);
    const list = byId("ends");
    list.hidden = all.length === 0;
    const key = all.map(([end]) => end).join();
    if (key !== this.endKey) {
      this.endKey = key;
      list.replaceChildren(make("li", { class: "none" }, "Connections that have ended:"), ...all.map(([end]) => {
        const b = make("button", { type: "button", "aria-haspopup": "dialog", "data-explain": end }, make("span", {}, end), make("strong"));
        b.addEventListener("click", () => this.explain.openEnd(end));
        return make("li", {}, b);
      }));
    }
    all.forEach(([, n], i) => put(list.children[i + 1].querySelector("strong"), count(n)));
  }

  losses() {
    const all = [...this.lost()].filter(([, , n]) => n > 0).sort((a, b) => b[2] - a[2]);
    const key = JSON.stringify(all);
    if (key === this.lossKey) return;
    this.lossKey = key;
    byId("losses").replaceChildren(...(all.length === 0
      ? [make("p", { class: "fine" }, "Nothing was lost.")]
      : all.map(([cause, where, n]) => {
        const told = this.explain.cause(cause);
        return make("div", { class: "loss" }, make("b", {}, count(n)),
          make("div", {}, make("h3", {}, where ? `${cause}, at ${where}` : cause), make("p", {}, told.meaning), make("p", {}, told.remedy)));
      })));
  }

  // table changes the cells that differ, and is built anew only for other rows.
  table(id, head, lines) {
    const t = byId(id);
    if (t.tBodies[0]?.rows.length !== lines.length) {
      // The roles are said because a narrow window shows no table: it lists each row's cells.
      const side = (i) => (i > 0 && head[i] !== "State" ? { class: "n" } : {});
      const cell = (_, i) => (i === 0 ? make("th", { scope: "row", role: "rowheader" }) : make("td", { ...side(i), role: "cell", "data-label": head[i] }));
      t.setAttribute("role", "table");
      t.className = "facts";
      t.replaceChildren(
        make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...head.map((text, i) => make("th", { ...side(i), scope: "col", role: "columnheader" }, text)))),
        make("tbody", { role: "rowgroup" }, ...lines.map((line) => make("tr", { role: "row" }, ...line.map(cell)))));
    }
    lines.forEach((line, r) => line.forEach((text, c) => put(t.tBodies[0].rows[r].cells[c], text)));
  }

  counters() {
    if (!byId("all").open || !this.account) return;
    const list = [...leaves(this.account)];
    const key = list.map(([path]) => path).join();
    const t = byId("counters");
    if (key !== this.counterKey) {
      this.counterKey = key;
      t.replaceChildren(make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Name"), make("th", { scope: "col", class: "n" }, "Value"))),
        make("tbody", {}, ...list.map(([path]) => make("tr", {}, make("td", { class: "mono" }, path), make("td", { class: "n", "data-path": path })))));
    }
    list.forEach(([, n], i) => put(t.tBodies[0].rows[i].cells[1], count(n)));
  }
}

function state(o) {
  if (o.failed) return `failed: ${o.last_error ?? ""}`;
  return o.stalled ? `stalled: ${o.last_error ?? ""}` : "takes messages";
}

// leaves are all numbers in v, with their names: listeners.0.received. What is true is 1.
function* leaves(v, path = "") {
  for (const [k, x] of Object.entries(v)) {
    const name = path ? `${path}.${k}` : k;
    if (typeof x === "number" || typeof x === "boolean") yield [name, Number(x)];
    else if (x && typeof x === "object") yield* leaves(x, name);
  }
}
