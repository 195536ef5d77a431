// The account in numbers: the equation, the losses, and the tables.

import { ago, byId, bytes, compact, count, make, put, sum } from "./format.js";

export const kernel = "dropped by the kernel";

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
      account.listeners.map((l) => [l.address, count(l.received), count(l.delivered), count(sum(l.rejected)), count(l.pending),
        count(l.kernel_drops), count(l.signals.received),
        l.connections.accepted ? `${count(l.connections.open)} open of ${count(l.connections.accepted)}` : "–"]));
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

  losses() {
    const all = Object.entries({ [kernel]: this.account.kernel_drops, ...this.account.rejected }).filter(([, n]) => n > 0);
    all.sort((a, b) => b[1] - a[1]);
    const key = JSON.stringify(all);
    if (key === this.lossKey) return;
    this.lossKey = key;
    byId("losses").replaceChildren(...(all.length === 0
      ? [make("p", { class: "fine" }, "Nothing was lost.")]
      : all.map(([cause, n]) => {
        const told = this.explain.cause(cause);
        return make("div", { class: "loss" }, make("b", {}, count(n)),
          make("div", {}, make("h3", {}, cause), make("p", {}, told.meaning), make("p", {}, told.remedy)));
      })));
  }

  // table changes the cells that differ, and is built anew only for other rows.
  table(id, head, lines) {
    const t = byId(id);
    if (t.tBodies[0]?.rows.length !== lines.length) {
      const cell = (tag, i) => make(tag, i > 0 && head[i] !== "State" ? { class: "n" } : {});
      const top = make("tr");
      head.forEach((text, i) => {
        const th = cell("th", i);
        th.scope = "col";
        th.append(text);
        top.append(th);
      });
      t.replaceChildren(make("thead", {}, top), make("tbody", {}, ...lines.map((line) => make("tr", {},
        ...line.map((_, i) => (i === 0 ? make("th", { scope: "row" }) : cell("td", i)))))));
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
