// Puts the page together: what comes over the stream goes into the charts, the
// messages and the account.

import { AccountView, kernel } from "./account.js";
import { Chart } from "./chart.js";
import { Explain } from "./explain.js";
import { byId, compact, count, perSecond, put, span, sum } from "./format.js";
import { Messages } from "./messages.js";
import { connect } from "./stream.js";

const kept = 300; // points
let points = [], kinds = [], limit = 200, outputs = [];

function say(text) { put(byId("status"), text); }

const explain = new Explain();
const messages = new Messages(say);
const account = new AccountView(explain);
const on = byId("charts");
const charts = {
  signals: new Chart(on, { title: "Signals by kind", unit: "per second", format: perSecond, choose: (k) => explain.openKind(k), say }),
  losses: new Chart(on, { title: "Losses by cause", unit: "messages per second", format: perSecond, empty: "nothing was lost", choose: (c) => explain.openCause(c), say }),
  queues: new Chart(on, { title: "Queues of the outputs", unit: "messages waiting", format: (n) => (n === null ? "–" : compact(n)), say }),
  latency: new Chart(on, { title: "Latency", unit: "from arrival to output", format: span, log: true, say }),
};

// rates turns a counter of each point into its growth in a second.
function rates(value) {
  return points.map((p, i) => {
    const before = points[i - 1];
    if (!before) return null;
    const grown = value(p) - value(before);
    return grown < 0 ? null : (grown * 1000) / (p.at - before.at);
  });
}

function draw() {
  const times = points.map((p) => p.at / 1000);
  const last = points.at(-1);
  if (!last) return;
  const seen = kinds.map((name, kind) => ({ name, kind, index: (kind + kinds.length - 1) % kinds.length })).filter((k) => last.kinds[k.kind] > 0);
  charts.signals.show(times, seen.map((k) => ({ ...k, values: rates((p) => p.kinds[k.kind]) })),
    kinds.filter((_, i) => last.kinds[i] === 0));
  const lost = (p) => ({ [kernel]: p.kernel_drops, ...p.rejected });
  const causes = Object.entries(lost(last)).filter(([, n]) => n > 0).map(([name]) => name);
  charts.losses.show(times, causes.map((name, i) => ({ name, index: i + 3, values: rates((p) => lost(p)[name] ?? 0) })));
  charts.queues.show(times, outputs.map((name, index) => ({ name, index, values: points.map((p) => p.queues[index] ?? null) })));
  charts.latency.show(times, [
    { name: "half are faster than", index: 0, values: points.map((p) => p.p50 || null) },
    { name: "99 of 100", index: 1, values: points.map((p) => p.p99 || null) },
  ]);
}

function badge(id, tone, text) {
  byId(id).dataset.tone = tone;
  put(byId(id), text);
}

let told = { at: 0, received: -1 };
function tellCalmly(a) {
  const now = Date.now();
  if (now - told.at < 20000 || a.received === told.received) return;
  told = { at: now, received: a.received };
  say(`${count(a.received)} messages received, ${count(sum(a.rejected) + a.kernel_drops)} lost.`);
}

function show(s) {
  outputs = s.account.outputs.map((o) => o.output);
  const ready = s.problems.length === 0;
  badge("phase", ready ? "good" : s.phase === "serving" ? "bad" : "wait", ready ? "serving" : s.phase === "serving" ? "not ready" : s.phase);
  const problems = byId("problems");
  problems.hidden = ready;
  put(problems, s.problems.join("\n"));
  const [before, last] = points.slice(-2);
  let rate = null;
  if (before && last && last.received >= before.received) {
    const seconds = (last.at - before.at) / 1000;
    rate = (last.received - before.received) / seconds;
    if (s.point) messages.tell(last.received - before.received, seconds, limit);
  }
  account.show(s.account, rate);
  tellCalmly(s.account);
}

let missed = 0;
connect({
  line(up) {
    badge("line", up ? "good" : "wait", up ? "live" : "connection lost, trying again");
    document.body.dataset.line = up ? "up" : "down";
    if (!up) say("The connection is lost; trying again.");
  },
  hello(h) {
    ({ kinds, shown: limit } = h);
    points = h.history;
    put(byId("version"), `sigio ${h.version}`);
    outputs = h.account.outputs.map((o) => o.output);
    show(h);
    draw();
  },
  state(s) {
    points.push(s.point);
    points.splice(0, points.length - kept);
    show(s);
    draw();
  },
  messages: (list) => messages.add(list),
  missed(n) {
    missed += n;
    badge("line", "wait", `live; ${count(missed)} updates missed, this browser was too slow`);
  },
});

explain.load().catch(() => say("The explanations cannot be loaded."));

// The theme: the system's, or the one that was chosen.
const themes = ["system", "light", "dark"];
const root = document.documentElement;
function theme(name) {
  if (name === "system") delete root.dataset.theme;
  else root.dataset.theme = name;
  localStorage.setItem("theme", name);
  put(byId("theme"), `Theme: ${name}`);
  for (const c of Object.values(charts)) if (c.u) c.rebuild();
}
theme(root.dataset.theme ?? "system");
byId("theme").addEventListener("click", () => theme(themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % 3]));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme(root.dataset.theme ?? "system"));
