/** The host over an hour and a day, and at this moment. */
import { fill, h } from "../dom.js";
import { link } from "../route.js";
import { CHARTS, ChartView } from "./system-charts.js";
import { CoresChart } from "./system-cores.js";
import { RANGES, Series } from "./system-data.js";
import { Now } from "./system-now.js";

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

/** @param {import("../app.js").Context} context @returns {import("../app.js").Shown} */
export function showSystem({ root, route, connection, announce }) {
  const tabs = h("div", { class: "log-tabs", role: "group", "aria-label": "Over which time" });
  const charts = h("div", { class: "charts" });
  const note = h("div", { class: "note" });
  const now = new Now();
  const cores = new CoresChart();
  const leaving = new AbortController();
  const { signal } = leaving;
  /** @type {ChartView[]} */
  let views = [];
  let name = nameOf(route);
  let series = new Series(RANGES[name]);
  let isLoading = false;

  const draw = () => {
    for (const view of views) view.close();
    views = [];
    fill(charts, cores.element, now.cores);
    const times = series.columns.get("timestamp") ?? [];
    cores.show(series.cores, times);
    cores.recolour();
    if (times.length < 2) return;
    for (const chart of CHARTS) {
      // In the document first, so that it knows its width.
      const view = new ChartView(chart, series.columns);
      cores.element.before(view.element);
      views.push(view);
    }
    for (const view of views) view.resize();
  };

  const load = async () => {
    if (isLoading) return;
    isLoading = true;
    const asked = series;
    try {
      await asked.load(signal);
      if (asked !== series) return;
      const isEmpty = (series.columns.get("timestamp")?.length ?? 0) < 2;
      note.hidden = !isEmpty;
      fill(note, "The first figures come within some seconds; the dashboard keeps a day of them while it runs.");
      draw();
    } catch (error) {
      if (signal.aborted || asked !== series) return;
      const again = h("button", { type: "button", onclick: () => void load() }, "Try again");
      fill(note, `The figures cannot be read: ${error instanceof Error ? error.message : String(error)} `, again);
      note.hidden = false;
    } finally {
      isLoading = false;
      if (asked !== series && !signal.aborted) void load();
    }
  };

  const show = (/** @type {import("../route.js").Route} */ to) => {
    name = nameOf(to);
    const tab = (/** @type {keyof typeof RANGES} */ range, /** @type {string} */ text) =>
      h("a", { href: link("system", "", { range }), "aria-current": range === name ? "true" : undefined }, text);
    fill(tabs, tab("hour", "an hour"), tab("day", "a day"));
    series = new Series(RANGES[name]);
    note.hidden = false;
    fill(note, "Reading the figures…");
    void load();
  };

  const stop = connection.subscribe(
    { topic: "metrics" },
    {
      onState(metrics) {
        now.show(metrics);
        if (series.columns.size === 0) return;
        const added = series.add(metrics);
        if (added === "hole" || (added === "new" && views.length === 0)) void load();
        else if (added === "new" && document.visibilityState === "visible") {
          for (const view of views) view.show(series.columns);
          cores.show(series.cores, series.columns.get("timestamp") ?? []);
        }
      },
    },
  );
  const watcher = new ResizeObserver(() => {
    for (const view of views) view.resize();
    cores.resize();
  });
  fill(root, h("div", { class: "bar" }, h("h2", {}, "System"), tabs), note, charts, now.table);
  watcher.observe(charts);
  addEventListener("theme", draw, { signal });
  prefersDark.addEventListener("change", () => requestAnimationFrame(draw), { signal });
  show(route);

  const other = () => (name === "hour" ? "day" : "hour");
  return {
    update: show,
    keys: [
      {
        key: "r",
        does: "an hour or a day",
        run: () => {
          announce(`Over ${other() === "day" ? "a day" : "an hour"}`);
          location.hash = link("system", "", { range: other() });
        },
      },
    ],
    close() {
      leaving.abort();
      watcher.disconnect();
      stop();
      for (const view of views) view.close();
    },
  };
}

/** @param {import("../route.js").Route} route @returns {keyof typeof RANGES} */
function nameOf({ query }) {
  return query.get("range") === "day" ? "day" : "hour";
}
