// One chart of the last five minutes, with a legend that says what the lines are
// without colour: each has a name, a pattern and its value.

import { make, put, time } from "./format.js";

const most = 300, least = 60; // seconds that are shown

// since is where the chart begins: with the first point, unless that is long ago or just now.
const since = (first, last) => Math.max(last - most, Math.min(first, last - least));
const dashes = [[], [7, 4], [2, 3], [10, 3, 2, 3], [5, 2], [1, 3], [12, 4], [6, 2, 1, 2], [3, 6]];
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function swatch(i) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 10");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", "M0 5h24");
  line.setAttribute("stroke-width", "2.5");
  line.setAttribute("stroke-dasharray", dashes[i % dashes.length].join(" "));
  line.style.stroke = `var(--s${i % 9})`;
  svg.append(line);
  return svg;
}

export class Chart {
  // choose is called with the name of a series that was chosen; say reads a text aloud.
  constructor(parent, { title, unit, format, log = false, empty = "", choose, say }) {
    Object.assign(this, { title, unit, format, log, empty, choose, say });
    this.caption = make("span", {}, unit);
    this.plot = make("div", { class: "plot", tabindex: "0", role: "img", "aria-label": title });
    this.nothing = make("p", { class: "nothing", "aria-hidden": "true" }, empty); // the plot's name says it
    this.plot.append(this.nothing);
    this.legend = make("ul", { class: "legend", "aria-label": `${title}: lines and their values` });
    this.figure = make("figure", { class: "chart" },
      make("figcaption", {}, make("h3", {}, title), this.caption), this.plot, this.legend);
    parent.append(this.figure);
    this.data = [[]];
    this.series = [];
    new ResizeObserver(() => this.u?.setSize(this.size())).observe(this.plot);
    this.plot.addEventListener("keydown", (e) => this.key(e));
    this.plot.addEventListener("blur", () => this.point(null));
  }

  size() {
    return { width: Math.max(120, this.plot.clientWidth), height: Math.max(80, this.plot.clientHeight) };
  }

  // show draws series ({name, index, values}), all over the same times, and names
  // others that have no values yet.
  show(times, series, others = []) {
    this.data = [times, ...series.map((s) => s.values)];
    const key = JSON.stringify([series.map((s) => [s.name, s.index]), others]);
    this.series = series;
    if (key !== this.key_) {
      this.key_ = key;
      this.relabel(others);
      this.rebuild();
    } else {
      this.u.setData(this.data);
    }
    this.nothing.hidden = series.some((s) => s.values.some((v) => v !== null));
    this.values(this.at ?? times.length - 1);
    this.describe(times.at(-1) ?? 0);
  }

  relabel(others) {
    const entry = (name, ...content) =>
      this.choose ? this.button(name, content) : make("span", {}, ...content);
    this.numbers = this.series.map(() => make("strong"));
    this.legend.replaceChildren(...this.series.map((s, i) => make("li", {}, entry(s.name, swatch(s.index), make("span", {}, s.name), this.numbers[i]))));
    if (others.length > 0) {
      this.legend.append(make("li", { class: "none" }, "none yet:"), ...others.map((name) => make("li", {}, entry(name, make("span", {}, name)))));
    }
  }

  button(name, content) {
    const b = make("button", { type: "button", "aria-haspopup": "dialog", "data-explain": name }, ...content);
    b.addEventListener("click", () => this.choose(name));
    return b;
  }

  rebuild() {
    this.u?.destroy();
    const font = "12px system-ui, sans-serif";
    const axis = { stroke: color("--soft"), font, grid: { stroke: color("--rule"), width: 1 }, ticks: { show: false } };
    this.u = new uPlot({
      ...this.size(),
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false }, points: { size: 7 } },
      scales: {
        x: { range: (_, min, max) => (max === null ? [0, least] : [since(min, max), max]) },
        y: this.log ? { distr: 3, range: decades } : { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] },
      },
      axes: [
        { ...axis, space: 84, size: 26, values: (u, at) => at.map((t) => (u.valToPos(t, "x") < 36 ? "" : time(t * 1000).slice(0, 8))) }, // not below the other axis
        { ...axis, space: 30, size: 58, filter: (_, at) => at.map((v) => (this.log && !decade(v) ? null : v)), grid: { ...axis.grid, filter: (_, at) => at.map((v) => (this.log && !decade(v) ? null : v)) }, values: (_, at) => at.map((v) => (v === null ? "" : this.format(v))) },
      ],
      series: [{}, ...this.series.map((s) => ({
        label: s.name, stroke: color(`--s${s.index % 9}`), width: 1.75, dash: dashes[s.index % dashes.length], points: { show: false },
      }))],
      hooks: { setCursor: [(u) => this.hover(u.cursor.idx)] },
    }, this.data, this.plot);
  }

  hover(i) {
    this.at = i ?? null;
    this.values(i ?? this.data[0].length - 1);
  }

  values(i) {
    const at = this.data[0][i];
    put(this.caption, this.at === null || this.at === undefined || at === undefined ? this.unit : `${this.unit}, at ${time(at * 1000).slice(0, 8)}`);
    this.series.forEach((s, n) => put(this.numbers[n], this.format(s.values[i] ?? null)));
  }

  text(i) {
    if (!this.nothing.hidden) return this.empty;
    return this.series.map((s) => `${s.name} ${this.format(s.values[i] ?? null)}`).join(", ");
  }

  // describe names the chart for those who do not see it. Not with each number: a
  // name that changes all the time is read out all the time.
  describe(now) {
    if (this.described && now - this.described < 15) return;
    this.described = now;
    this.plot.setAttribute("aria-label",
      `${this.title}, ${this.unit}, the last five minutes. Now: ${this.text(this.data[0].length - 1)}. Arrow keys read values.`);
  }

  key(e) {
    const last = this.data[0].length - 1;
    const from = this.chosen ?? last + 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - 30, PageDown: from + 30, Home: 0, End: last }[e.key];
    if (e.key === "Escape") this.point(null);
    if (to === undefined || last < 0) return;
    e.preventDefault();
    this.point(Math.min(last, Math.max(0, to)));
    this.say(`${time(this.data[0][this.chosen] * 1000).slice(0, 8)}: ${this.text(this.chosen)}`);
  }

  point(i) {
    if (i === null && this.chosen === undefined) return;
    this.chosen = i ?? undefined;
    this.u?.setCursor(i === null ? { left: -10, top: -10 } : { left: this.u.valToPos(this.data[0][i], "x"), top: 10 });
  }
}

const decade = (v) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-6;

// decades are the powers of ten around the values.
function decades(_, min, max) {
  if (!(min > 0)) return [1e-5, 1e-1];
  const low = Math.floor(Math.log10(min)), high = Math.ceil(Math.log10(max));
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}
