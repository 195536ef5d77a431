// What a kind of signal or a cause of loss means.

import { byId, make, put } from "./format.js";

export class Explain {
  constructor() {
    this.kinds = new Map();
    this.causes = new Map();
    this.ends = new Map();
    this.dialog = byId("explain");
    byId("close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (e) => e.target === this.dialog && this.dialog.close());
  }

  async load() {
    const told = await (await fetch("/explain.json")).json();
    this.kinds = new Map(told.kinds.map((k) => [k.name, k]));
    this.causes = new Map(told.causes.map((c) => [c.name, c]));
    this.ends = new Map(told.ends.map((c) => [c.name, c]));
  }

  cause(name) {
    return this.causes.get(name) ?? { meaning: "This page knows no more about it.", remedy: "" };
  }

  openKind(name) {
    const k = this.kinds.get(name);
    if (!k) return;
    const facts = make("dl");
    if (k.code) facts.append(make("dt", {}, "si_code"), make("dd", { class: "mono" }, `${k.code} (${k.name})`));
    if (k.band) facts.append(make("dt", {}, "band"), make("dd", { class: "mono" }, k.band));
    const body = [make("p", { class: "lead" }, k.meaning), make("p", {}, k.sigio), facts];
    if (k.shown.length > 0) {
      body.push(make("h3", {}, "When the kernel sends it"));
      body.push(...k.shown.map((s) => make("details", {}, make("summary", {}, s.title), make("p", {}, s.explain),
        make("p", { class: "note" }, "See it happen: ", make("code", {}, `sigio trace ${s.name}`)))));
    }
    this.open(`${k.name}: ${k.title}`, body);
  }

  openCause(name) { this.openText(name, this.cause(name)); }

  openEnd(name) { this.openText(`A connection ended: ${name}`, this.ends.get(name) ?? this.cause("")); }

  openText(title, c) {
    this.open(title, [make("p", { class: "lead" }, c.meaning), make("h3", {}, "What to do"), make("p", {}, c.remedy)]);
  }

  open(title, body) {
    put(byId("explain-title"), title);
    byId("explain-body").replaceChildren(...body);
    this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }
}
