/** The host at this moment, in figures. */
import { fill, h } from "../dom.js";
import { count, duration, percent, size } from "../format.js";

const MOST_CORES = 256;
const CONTAINERS = /** @type {const} */ (["bot", "broker", "dashboard"]);

/** @param {unknown} value */
function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** Name and value of each figure that the host tells. @param {any} metrics */
function figures(metrics) {
  const { cpu, memory, load, disk, pressure, containers } = metrics;
  const room = (/** @type {any} */ what) =>
    `${percent(what.percent)}: ${size(what.used)} of ${size(what.total)}, ${size(what.available)} free`;
  const stalls = (/** @type {any} */ some) => [some.now, some.avg10, some.avg60, some.avg300].map(percent).join(" · ");
  /** @type {[string, string, boolean][]} */
  const all = [
    ["CPU busy", percent(cpu?.percent), isNumber(cpu?.percent)],
    ["CPU waiting for disks", percent(cpu?.iowait), isNumber(cpu?.iowait)],
    ["CPU stolen by the host", percent(cpu?.steal), isNumber(cpu?.steal)],
    ["Memory", room(memory ?? {}), isNumber(memory?.percent)],
    ["Disk", room(disk ?? {}), isNumber(disk?.percent)],
    ["Load, 1 · 5 · 15 min", loads(load), isNumber(load?.[0])],
    ...["cpu", "memory", "io"].map((name) => {
      const some = pressure?.[name]?.some;
      const text = some ? stalls(some) : "";
      return /** @type {[string, string, boolean]} */ ([
        `Pressure ${name}, now · 10 s · 1 min · 5 min`,
        text,
        text !== "",
      ]);
    }),
    ["Kills for want of memory, since the boot", count(metrics.oomKills), isNumber(metrics.oomKills)],
    ["Host up", duration(metrics.uptime), isNumber(metrics.uptime)],
    ...CONTAINERS.map((name) => {
      const up = containers?.[name];
      return /** @type {[string, string, boolean]} */ ([`Container ${name} up`, duration(up), isNumber(up)]);
    }),
  ];
  return all.filter(([, , isKnown]) => isKnown);
}

/** @param {unknown} load */
function loads(load) {
  return Array.isArray(load) ? load.map((value) => (isNumber(value) ? Number(value).toFixed(2) : "–")).join(" · ") : "";
}

export class Now {
  #body = h("tbody", {});
  #cores = h("div", { class: "cores" });
  cores = h("section", { class: "card" }, h("h3", {}, "Cores"), this.#cores);
  #oom = h("p", { class: "bad", hidden: true });
  /** @type {HTMLMeterElement[]} */
  #meters = [];
  /** @type {HTMLElement[]} */
  #shares = [];
  /** @type {Map<string, HTMLElement>} */
  #cells = new Map();
  table = h(
    "section",
    { class: "figures" },
    h("h3", {}, "Now"),
    this.#oom,
    h("table", {}, h("caption", { class: "unseen" }, "The host's figures at this moment"), this.#body),
  );

  /** @param {any} metrics */
  show(metrics) {
    this.#showCores(Array.isArray(metrics?.cpu?.cores) ? metrics.cpu.cores.slice(0, MOST_CORES) : []);
    const shown = figures(metrics ?? {});
    if (shown.length !== this.#cells.size || shown.some(([name]) => !this.#cells.has(name))) {
      this.#cells = new Map(shown.map(([name]) => [name, h("td", {})]));
      fill(this.#body, ...shown.map(([name]) => h("tr", {}, h("th", { scope: "row" }, name), this.#cells.get(name))));
    }
    for (const [name, value] of shown) {
      const cell = this.#cells.get(name);
      if (cell !== undefined && cell.textContent !== value) cell.textContent = value;
    }
    const kills = metrics?.oomKills;
    this.#oom.hidden = !(isNumber(kills) && kills > 0);
    this.#oom.textContent = `The kernel has ended ${count(kills)} programs for want of memory since the boot: give the host more, or run fewer sessions at once (maxConcurrentSessions).`;
  }

  /** @param {unknown[]} cores */
  #showCores(cores) {
    this.cores.hidden = cores.length === 0;
    if (cores.length !== this.#meters.length) {
      this.#meters = cores.map((_core, index) =>
        h("meter", { min: 0, max: 100, value: 0, "aria-label": `Core ${index}` }),
      );
      this.#shares = cores.map(() => h("span", { class: "mono" }));
      fill(
        this.#cores,
        ...cores.map((_core, index) =>
          h("div", { class: "core" }, h("span", { class: "dim" }, index), this.#meters[index], this.#shares[index]),
        ),
      );
    }
    for (const [index, core] of cores.entries()) {
      const [meter, share] = [this.#meters[index], this.#shares[index]];
      if (meter !== undefined) meter.value = isNumber(core) ? Number(core) : 0;
      if (share !== undefined) share.textContent = isNumber(core) ? percent(core) : "off";
    }
  }
}
