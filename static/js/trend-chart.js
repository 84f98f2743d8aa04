// Draws the trend chart. The server sends a figure whose traces name roles ("client", "flag");
// here they get the colors of theme.css, because Plotly takes no CSS variables. Drawn again when
// the width or the color scheme changes, and for paper.
"use strict";

(() => {
  const root = document.documentElement;
  const folds = [...document.querySelectorAll("details[data-open-for-print]")];
  const WIDE = matchMedia("(min-width: 48rem)");
  const DARK = matchMedia("(prefers-color-scheme: dark)");
  const FINE_POINTER = matchMedia("(pointer: fine)");
  const MARKER_ROOM = 10; // a slot narrower than this gets small markers
  const LANE_ORDER = ["flag", "back_to_usual", "talked", "event", "missed", "way_changed"];
  const CONFIG = {
    displaylogo: false,
    showSendToCloud: false, // with the next line: no button that sends the data elsewhere
    plotlyServerURL: "",
    responsive: true,
    modeBarButtons: [["toImage", "resetScale2d"]],
    doubleClick: "reset",
    showTips: false,
    toImageButtonOptions: { filename: "trend", scale: 2 },
  };
  const COLORS = {
    band: { fill: "c-band" },
    "band-edge": { line: "c-band-edge" },
    drop: { line: "rule" },
    counselor: { line: "c-counselor", marker: "surface", rim: "c-counselor" },
    client: { line: "c-client", marker: "c-client", rim: "surface" },
    flag: { marker: "c-flag", rim: "surface" },
    missed: { marker: "c-missed" },
    way_changed: { marker: "c-missed" },
    talked: { marker: "surface", rim: "c-client" },
    back_to_usual: { marker: "c-repair", rim: "surface" },
    event: { marker: "c-event" },
    readout: {},
  };

  const data = document.getElementById("trend-data");
  const chart = document.getElementById("trend-chart");
  const readout = document.getElementById("trend-readout");
  const figure = data && chart && window.Plotly ? JSON.parse(data.textContent) : null;
  const stops = figure?.data.find((trace) => trace.meta.role === "readout");
  const sentences = stops?.hovertext ?? [];
  const panels = figure?.layout.meta.panels ?? [];
  // What the print style leaves beside its margin column, in CSS pixels: 144 mm by 46 or 80 mm.
  const PAPER = { width: 544, height: panels.length > 1 ? 302 : 174 };
  const lastSlot = (figure?.layout.xaxis.ticktext.length ?? 0) - 1;
  const measure = document.createElement("canvas").getContext("2d");
  let printing = false;
  let zoomed = null;
  let current = null;

  const color = (name) => getComputedStyle(root).getPropertyValue(`--wa-${name}`).trim();
  const size = () => (printing ? PAPER : { width: chart.clientWidth, height: chart.clientHeight });
  const isWide = () => printing || WIDE.matches;

  // ---- how big, how much fits ----

  function frame() {
    const text = printing ? 10 : 13;
    const { width, height } = size();
    const family = getComputedStyle(document.body).fontFamily;
    measure.font = `${text}px ${family}`;
    const textWidth = (words) => measure.measureText(words).width;
    const labels = isWide() ? figure.data.filter((trace) => trace.meta.label) : [];
    const margin = { ...figure.layout.margin };
    margin.r = Math.ceil(Math.max(
      textWidth(figure.layout.xaxis.ticktext.at(-1)) / 2, // or Plotly drops the latest date
      ...labels.map((trace) => 18 + textWidth(trace.meta.label) * 1.1),
    ));
    const range = zoomed ?? figure.layout.xaxis.range;
    const slot = (width - margin.l - margin.r) / (range[1] - range[0]);
    // The dates and the lane keep their height in pixels, whatever the height of the chart.
    const plot = height - margin.t - margin.b;
    const lane = (printing ? 30 : isWide() ? 43 : 34) / plot;
    const main = lane + (printing ? 16 : 28) / plot;
    const view = { width, plot, text, family, margin, range, slot, lane, main, labels, textWidth };
    return { ...view, domains: domains(view) };
  }

  // The panels share what is above the dates, the first on top, with room for a title each.
  function domains({ main, plot, text }) {
    const gap = panels.length > 1 ? (text + 20) / plot : 0;
    const height = (1 - main - gap * panels.length) / Math.max(1, panels.length);
    return panels.map((_, i) => {
      const top = 1 - gap - i * (height + gap);
      return [Math.max(0, top - height), top];
    });
  }

  const axisOf = (trace) => `yaxis${(trace.yaxis ?? "y").slice(1)}`;

  // Every date where there is room, else every second, third ... counted back from the latest.
  function ticks({ slot, range, textWidth }) {
    const all = figure.layout.xaxis.ticktext;
    const step = Math.max(1, Math.ceil((Math.max(0, ...all.map(textWidth)) + 10) / slot));
    const latest = Math.min(all.length - 1, Math.floor(range[1]));
    const shown = all.map((_, i) => i).filter((i) => i <= latest && (latest - i) % step === 0);
    return { tickvals: shown, ticktext: shown.map((i) => all[i]) };
  }

  // Names at the right end of the lines, pushed apart where the lines end close together.
  function endLabels(view) {
    return panels.flatMap((panel, i) => endLabelsIn(view, panel, view.domains[i]));
  }

  function endLabelsIn({ labels: all, plot, text, slot }, panel, [bottom, top]) {
    const labels = all.filter((trace) => axisOf(trace) === panel.axis);
    const [low, high] = figure.layout[panel.axis].range;
    const scale = (plot * (top - bottom)) / (high - low);
    const gap = text + 4;
    const placed = labels
      .map(({ meta }) => ({ meta, wanted: (high - Math.max(meta.at, low)) * scale }))
      .sort((a, b) => a.wanted - b.wanted);
    placed.forEach((label, i) => {
      label.top = i ? Math.max(label.wanted, placed[i - 1].top + gap) : label.wanted;
    });
    const overflow = Math.max(0, placed.at(-1)?.top - (high - low) * scale + text / 2 || 0);
    return placed.map(({ meta, top: at }) => ({
      text: meta.label,
      x: lastSlot,
      yref: panel.axis.replace("axis", ""),
      y: high - (at - overflow) / scale,
      xanchor: "left",
      xshift: Math.max(14, slot * 0.12 + 6), // beyond a band that has just begun
      showarrow: false,
      borderpad: 0,
      align: "left",
      font: meta.role === "client"
        ? { color: color("ink"), weight: 600 }
        : { color: color("ink-2"), weight: 400 },
    }));
  }

  function panelTitles({ text, domains: places }) {
    return panels.flatMap(({ title }, i) => (title ? [{
      text: title,
      xref: "paper",
      x: 0,
      yref: "paper",
      y: places[i][1],
      yshift: 2,
      xanchor: "left",
      yanchor: "bottom",
      showarrow: false,
      borderpad: 0,
      font: { color: color("ink"), weight: 600, size: text },
    }] : []));
  }

  // Marks of one session stand side by side over one word, or where there is no room for that one
  // below the other without. A word that would touch another is left to the key.
  function arrangeLane(traces, view) {
    const lane = traces.filter((trace) => trace.meta.lane);
    lane.sort((a, b) => LANE_ORDER.indexOf(a.meta.role) - LANE_ORDER.indexOf(b.meta.role));
    const marks = lane.flatMap((trace) => trace.x.map((at, i) => ({ trace, i, at })));
    const words = [];
    for (const at of new Set(marks.map((mark) => mark.at))) {
      const mates = marks.filter((mark) => mark.at === at);
      const roomy = view.slot >= 40;
      mates.forEach(({ trace, i }, place) => {
        if (roomy) trace.x[i] = at + ((place - (mates.length - 1) / 2) * 17) / view.slot;
        else trace.y[i] -= place * 0.42;
      });
      if (roomy || mates.length === 1) {
        words.push({ at, text: mates.map(({ trace, i }) => trace.text[i]).join(", ") });
      }
    }
    return laneWords(words, view);
  }

  function laneWords(words, { slot, range, margin, width, textWidth }) {
    const taken = [];
    for (const { at, text } of isWide() ? words : []) {
      const center = margin.l + (at - range[0]) * slot;
      const half = textWidth(text) / 2 + 4;
      const inside = center - half > 0 && center + half < width && at >= range[0] && at <= range[1];
      const free = taken.every((other) => Math.abs(other.center - center) >= other.half + half);
      if (inside && free) taken.push({ at, text, center, half });
    }
    return {
      type: "scatter",
      mode: "text",
      x: taken.map((word) => word.at),
      y: taken.map(() => 0.2),
      text: taken.map((word) => word.text),
      yaxis: "y2",
      cliponaxis: false,
      hoverinfo: "skip",
      textfont: { color: color("ink-2") },
      meta: { role: "words" },
    };
  }

  // Lines for the hover label: whole sentences where they fit, else words.
  function wrap(text) {
    const longest = isWide() ? 52 : 30;
    const pack = (parts) => parts.reduce((lines, part) => {
      const longer = `${lines.at(-1)} ${part}`;
      const fits = lines.length && longer.length <= longest;
      return fits ? [...lines.slice(0, -1), longer] : [...lines, part];
    }, []);
    return pack(text.replaceAll(". ", ".\n").split("\n"))
      .flatMap((line) => (line.length > longest ? pack(line.split(" ")) : line))
      .join("<br>");
  }

  // ---- colors ----

  function paint(trace, { slot }) {
    const roles = COLORS[trace.meta.role] ?? {};
    if (roles.fill) trace.fillcolor = color(roles.fill);
    if (roles.line) trace.line.color = color(roles.line);
    if (roles.marker) trace.marker.color = color(roles.marker);
    if (roles.rim) trace.marker.line.color = color(roles.rim);
    if (printing && trace.marker) trace.marker.size *= 0.75;
    if (slot >= MARKER_ROOM) return;
    if (trace.meta.role === "counselor") trace.mode = "lines";
    if (trace.meta.role === "client") {
      Object.assign(trace.marker, { size: slot < 5 ? 4 : 6, line: { width: 0 } });
    }
    if (trace.meta.label && slot < 5) trace.line.width = Math.min(trace.line.width, 1.5);
  }

  function layout(view) {
    const { text, family, margin, range } = view;
    const base = structuredClone(figure.layout); // Plotly writes into what it is given
    const paper = printing ? "#fff" : color("paper");
    const label = { family, size: text, color: color("ink-2") };
    const grid = { gridcolor: color("c-grid"), tickfont: label };
    return {
      ...base,
      ...(printing ? PAPER : { autosize: true }),
      margin,
      paper_bgcolor: paper,
      plot_bgcolor: paper,
      font: label,
      dragmode: FINE_POINTER.matches && isWide() ? "zoom" : false,
      hoverlabel: {
        bgcolor: color("surface"),
        bordercolor: color("edge"),
        align: "left",
        font: { family, size: 14, color: color("ink") },
      },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("ink-2"), activecolor: color("accent") },
      annotations: [...endLabels(view), ...panelTitles(view)],
      xaxis: {
        ...base.xaxis,
        ...ticks(view),
        range: [...range],
        tickfont: label,
        linecolor: color("edge"),
        fixedrange: !FINE_POINTER.matches || !isWide(),
      },
      ...Object.fromEntries(panels.map(({ axis }, i) => (
        [axis, { ...base[axis], ...grid, domain: view.domains[i] }]
      ))),
      yaxis2: { ...base.yaxis2, ...grid, domain: [0, view.lane] },
    };
  }

  // ---- drawing ----

  function draw() {
    const view = frame();
    const traces = structuredClone(figure.data);
    const words = arrangeLane(traces, view);
    for (const trace of traces) {
      paint(trace, view);
      if (trace.hovertext) trace.hovertext = trace.hovertext.map(wrap);
    }
    traces.push(words);
    const dictionary = figure.layout.meta.words;
    const config = {
      ...CONFIG,
      displayModeBar: FINE_POINTER.matches ? "hover" : false,
      locale: "page",
      locales: { page: { dictionary, format: {} } },
    };
    window.Plotly.react(chart, traces, layout(view), config);
    // The sentences and the table say the same; a screen reader would hear loose numbers here.
    for (const svg of chart.querySelectorAll(".main-svg")) svg.setAttribute("aria-hidden", "true");
  }

  function redrawOnChange() {
    let width = chart.clientWidth;
    new ResizeObserver(() => {
      if (printing || chart.clientWidth === width) return;
      width = chart.clientWidth;
      draw();
    }).observe(chart);
    DARK.addEventListener("change", () => printing || draw());
    chart.on("plotly_relayout", (change) => {
      if (!("xaxis.range[0]" in change)) return;
      const [from, to] = figure.layout.xaxis.range;
      const range = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      zoomed = range[0] === from && range[1] === to ? null : range;
      draw();
    });
  }

  // ---- the picture as a file, made here: nothing is sent to anybody ----

  function offerFiles() {
    const row = document.getElementById("chart-files");
    if (!row) return;
    row.hidden = false;
    row.addEventListener("click", async ({ target }) => {
      const format = target.closest("[data-format]")?.dataset.format;
      if (!format) return;
      const { width, height } = size();
      const options = { format, filename: "trend", width, height, scale: format === "png" ? 2 : 1 };
      const said = row.querySelector("[role=status]");
      said.textContent = "";
      try {
        await window.Plotly.downloadImage(chart, options);
      } catch {
        said.textContent = row.dataset.failed;
      }
    });
  }

  // ---- keyboard: the arrow keys walk over the sessions ----

  function show(index) {
    current = Math.min(Math.max(index, 0), sentences.length - 1);
    const at = stops.x[current];
    if (zoomed && (at < zoomed[0] || at > zoomed[1])) {
      zoomed = null;
      draw();
    }
    const curveNumber = figure.data.findIndex((trace) => trace.meta.role === "readout");
    window.Plotly.Fx.hover(chart, [{ curveNumber, pointNumber: current }], "xy");
    if (readout) readout.textContent = sentences[current];
  }

  function clear() {
    if (current === null) return;
    current = null;
    window.Plotly.Fx.unhover(chart);
    if (readout) readout.textContent = "";
  }

  function walk(event) {
    if (event.target !== chart || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = sentences.length - 1;
    const moves = {
      ArrowLeft: () => show(current === null ? last : current - 1),
      ArrowRight: () => show(current === null ? 0 : current + 1),
      Home: () => show(0),
      End: () => show(last),
      Escape: clear,
    };
    if (!(event.key in moves)) return;
    if (event.key !== "Escape") event.preventDefault();
    moves[event.key]();
  }

  // ---- paper: light, at the paper's width, with the table open ----

  function forPaper() {
    let theme = null;
    let closed = [];
    addEventListener("beforeprint", () => {
      printing = true;
      theme = root.getAttribute("data-bs-theme");
      root.setAttribute("data-bs-theme", "light");
      closed = folds.filter((fold) => !fold.open);
      for (const fold of closed) fold.open = true;
      if (sentences.length) draw();
    });
    addEventListener("afterprint", () => {
      printing = false;
      if (theme === null) root.removeAttribute("data-bs-theme");
      else root.setAttribute("data-bs-theme", theme);
      for (const fold of closed) fold.open = false;
      if (sentences.length) draw();
    });
  }

  // The table stands open where there is no script.
  for (const fold of folds) fold.open = false;
  forPaper();
  if (!sentences.length) return;
  draw();
  redrawOnChange();
  offerFiles();
  chart.addEventListener("keydown", walk);
  chart.addEventListener("blur", clear);
})();
