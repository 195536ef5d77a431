// How numbers, times and elements are made. Text goes into the page by textContent alone.

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

export const count = (n) => whole.format(n);
export const compact = (n) => (Math.abs(n) < 1000 ? String(Number(n.toPrecision(3))) : short.format(n));
export const perSecond = (n) => (n === null ? "–" : n > 0 && n < 0.1 ? "< 0.1" : compact(n));

export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return `${Number(n.toPrecision(3))} ${units[i]}`;
}

// span writes seconds.
export function span(s) {
  if (s === null) return "–";
  if (s < 1e-3) return `${Number((s * 1e6).toPrecision(2))} µs`;
  if (s < 1) return `${Number((s * 1e3).toPrecision(2))} ms`;
  return `${Number(s.toPrecision(2))} s`;
}

// ago writes seconds, roughly.
export function ago(s) {
  if (s < 100) return `${Math.max(0, Math.round(s))} s`;
  if (s < 6000) return `${Math.round(s / 60)} min`;
  return s < 360000 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
export const time = (at) => clock.format(new Date(at));

// make makes an element: make("td", {class: "n"}, "text", child...).
export function make(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

// put changes a text only if it differs, so that nothing is painted or read aloud for nothing.
export function put(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

export const byId = (id) => document.getElementById(id);
export const sum = (counts) => Object.values(counts ?? {}).reduce((a, b) => a + b, 0);
