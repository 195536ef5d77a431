// Puts the page together: what comes over the stream goes into the charts, the
// messages and the account.

import { AccountView, kernel } from "./account.js";
import { Chart } from "./chart.js";
import { Explain } from "./explain.js";
import { byId, compact, count, perSecond, put, span, sum, time } from "./format.js";
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
  signals: new Chart(on, { title: "Signals by kind", unit: "per second", format: perSecond, empty: "no signal yet", choose: (k) => explain.openKind(k), say }),
  losses: new Chart(on, { title: "Losses by cause", unit: "messages per second", format: perSecond, empty: "nothing was lost", choose: (c) => explain.openCause(c), say }),
  queues: new Chart(on, { title: "Queues of the outputs", unit: "messages waiting", format: (n) => (n === null ? "–" : compact(n)), say }),
  latency: new Chart(on, { title: "Latency", unit: "from arrival to output", empty: "no message in this time", format: span, log: true, say }),
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
  const all = kinds.map((name, kind) => ({ name, kind, index: (kind + kinds.length - 1) % kinds.length })).sort((a, b) => a.index - b.index);
  charts.signals.show(times, all.filter((k) => last.kinds[k.kind] > 0).map((k) => ({ ...k, values: rates((p) => p.kinds[k.kind]) })),
    all.filter((k) => last.kinds[k.kind] === 0).map((k) => k.name));
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

function title(problem) { document.title = problem ? `▲ ${problem} · sigio` : "sigio"; }

// where is an address that messages can be sent to from this machine.
function where(listeners) {
  const address = listeners.find((l) => !l.gone && /^(udp|tcp|unix|unixgram):/.test(l.address))?.address ?? "";
  return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:").replaceAll("'", "%27");
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
  title(ready ? "" : "not ready");
  badge("phase", ready ? "good" : s.phase === "serving" ? "bad" : "wait", ready ? "serving" : s.phase === "serving" ? "not ready" : s.phase);
  const problems = byId("problems");
  problems.hidden = ready;
  problems.dataset.tone = s.phase === "serving" ? "bad" : "wait";
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
    const was = document.body.dataset.line;
    badge("line", up ? "good" : "bad", up ? "live" : "connection lost");
    document.body.dataset.line = up ? "up" : "down";
    byId("lost").hidden = up;
    if (up || was === "down") return;
    badge("phase", "wait", "not known");
    byId("problems").hidden = true;
    title("connection lost");
    const last = points.at(-1);
    put(byId("lost"), `The connection to sigio is lost.${last ? ` What is shown is from ${time(last.at).slice(0, 8)}.` : ""} This page tries again by itself.`);
    say(byId("lost").textContent);
  },
  hello(h) {
    ({ kinds, shown: limit } = h);
    points = h.history;
    put(byId("version"), `sigio ${h.version}`);
    outputs = h.account.outputs.map((o) => o.output);
    show(h);
    draw();
    messages.begin(h.account.received + h.account.pending > 0, where(h.account.listeners));
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
  try { localStorage.setItem("theme", name); } catch { /* then it is forgotten */ }
  put(byId("theme-name"), name);
  for (const c of Object.values(charts)) if (c.u) c.rebuild();
}
theme(root.dataset.theme ?? "system");
byId("theme").addEventListener("click", () => theme(themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % 3]));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme(root.dataset.theme ?? "system"));
