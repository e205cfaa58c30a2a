/** Quantities in cycles that stand for one in microseconds too; of the latencies, the first that is known. */
const TIMES = ["latency_max", "latency", "interval"].map((name) => [`${name}_cycles`, `${name}_us`]);

const timesOf = (design) =>
  TIMES.filter(([cycles], i) => figure(design, cycles) && !(i === 1 && figure(design, TIMES[0][0])));

/** The lines of a design that a pointer shows. */
function summary(design) {
  const capacity = data.parts[design.part] ?? {};
  const line = (title, value, share) =>
    h("tr", {}, h("th", {}, title), h("td", {}, value), h("td", {}, share));
  const times = timesOf(design).map(([cycles, us]) =>
    line(
      quantity(cycles).title,
      withUnit(figure(design, cycles)[0], quantity(cycles)),
      withUnit(figure(design, us)?.[0], quantity(us)),
    ),
  );
  const others = data.quantities.flatMap((entry, i) => {
    const value = design.figures[i]?.[0];
    if (TIMES.flat().includes(entry.name) || value === undefined) return [];
    return [
      line(
        entry.title,
        withUnit(value, entry),
        capacity[entry.name] ? percent(value / capacity[entry.name]) : "",
      ),
    ];
  });
  return [
    h("strong", {}, design.name),
    design.name === data.best && h("span", { class: "badge best" }, "recommended"),
    variant(design) && h("p", {}, variant(design)),
    h("table", {}, times, others),
    h("p", {}, verdict(design)),
  ].filter(Boolean);
}

function verdict(design) {
  const fit =
    {
      true: design.certain ? "fits" : "fits by the estimate",
      false: design.certain ? "does not fit" : "does not fit by the estimate",
    }[design.fits] ?? "not known whether it fits";
  return design.in_domain ? fit : `${fit}; unlike the training data`;
}

const tile = (title, value, note) =>
  h("div", { class: "tile" }, h("span", {}, title), h("strong", {}, value), note && h("small", {}, note));

/** Figures in large type: how fast it is, and its scores. */
function tiles(design) {
  const found = timesOf(design).map(([cycles, us]) => {
    const [figures, time, entry] = [figure(design, cycles), figure(design, us), quantity(cycles)];
    const between = range(figures);
    const note = [time && withUnit(time[0], quantity(us)), between && `(${between} cycles)`]
      .filter(Boolean)
      .join(" ");
    return tile(entry.title, withUnit(figures[0], entry), note);
  });
  const clock = figure(design, "clock_ns");
  if (clock)
    found.push(
      tile(
        "clock period",
        `${plain(clock[0])} ns`,
        `asked for ${plain(design.clock_ns)} ns (${range(clock)})`,
      ),
    );
  for (const entry of data.quantities.filter((one) => one.score)) {
    const score = figure(design, entry.name);
    if (score) found.push(tile(entry.title, plain(score[0])));
  }
  if (design.success !== null) found.push(tile("synthesis finishes", percent(design.success), "chance"));
  return h("div", { class: "tiles" }, found);
}

/** A bar for each resource against what the part holds: the estimate, its interval, the limit. */
function resources(design) {
  const capacity = data.parts[design.part];
  const rows = Object.entries(RESOURCES).flatMap(([name, title]) => {
    const figures = figure(design, name);
    const held = capacity?.[name];
    if (figures === null || (!held && !figures[0])) return [];
    return [resource(title, figures, held, data.limits[name])];
  });
  const limited = Object.keys(RESOURCES).some((name) => data.limits[name] < capacity?.[name]);
  const key = `Of what the part holds: the estimate, its interval as the thin line${limited ? ", the limit in red" : ""}.`;
  return h("div", { class: "resources" }, rows, capacity && h("p", { class: "note" }, key));
}

function resource(title, [value, low, high], held, limit) {
  const amount = held ? `${plain(value)} of ${plain(held)}` : plain(value);
  const row = h(
    "div",
    { class: "resource" },
    h("span", { class: "name" }, title),
    h("span", { class: "amount" }, amount, held && h("strong", {}, percent(value / held))),
  );
  if (!held) return row;
  const share = (number) => Math.min(1, Math.max(0, number / held));
  const parts = [
    ["fill", 0, share(value)],
    ["spread", share(low), share(high)],
  ];
  const bar = h("div", {
    class: value > held ? "meter over" : "meter",
    role: "meter",
    "aria-label": title,
    "aria-valuemin": 0,
    "aria-valuemax": held,
    "aria-valuenow": value,
    "aria-valuetext": `${amount}, ${plain(low)} to ${plain(high)}`,
    title: `${plain(low)} to ${plain(high)}${limit === undefined ? "" : `; limit ${plain(limit)}`}`,
  });
  for (const [kind, from, to] of parts) {
    const piece = h("i", { class: kind === "spread" && high > held ? "spread overflowing" : kind });
    piece.style.left = `${100 * from}%`;
    piece.style.width = `${100 * (to - from)}%`;
    bar.append(piece);
  }
  if (limit !== undefined && limit < held) {
    const tick = h("i", { class: "limit" });
    tick.style.left = `${100 * share(limit)}%`;
    bar.append(tick);
  }
  row.append(bar);
  return row;
}

function badges(design) {
  const fits = {
    true: ["good", design.certain ? "fits" : "fits by the estimate"],
    false: ["bad", design.certain ? "does not fit" : "too large by the estimate"],
  }[design.fits] ?? ["", "fit not known"];
  return h(
    "p",
    { class: "badges" },
    design.name === data.best && h("span", { class: "badge best" }, "recommended"),
    h("span", { class: `badge ${fits[0]}` }, fits[1]),
    !design.in_domain && h("span", { class: "badge warn" }, "unlike the training data"),
    h("span", { class: "badge" }, design.io_type),
    h("span", { class: "badge" }, `${plain(design.clock_ns)} ns`),
    h("span", { class: "badge" }, design.part),
  );
}

const MAX_REASONS = 6;

/** Why an estimate is not to be trusted too far, and what else there is to know of it. */
function remarks(design) {
  const why = design.in_domain ? [] : design.reasons;
  const more = why.length > MAX_REASONS ? [`and ${why.length - MAX_REASONS} more, see front.jsonl`] : [];
  const lines = [...why.slice(0, MAX_REASONS), ...more];
  return [
    lines.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, "Unlike the syntheses that estimates were learned from"),
        h(
          "ul",
          {},
          lines.map((line) => h("li", {}, line)),
        ),
      ),
    ...design.notes.map((note) => h("p", { class: "note" }, note)),
  ];
}

function showDetail(design) {
  byId("detail").replaceChildren(
    ...[
      h("h2", {}, design.name),
      badges(design),
      design.reason && design.name !== data.best && h("p", { class: "reason" }, design.reason),
      tiles(design),
      resources(design),
      ...remarks(design),
    ].filter(Boolean),
  );
}

const LAYER_COLUMNS = {
  latency_cycles: "latency",
  interval_cycles: "interval",
  lut: "LUT",
  ff: "FF",
  dsp: "DSP",
  bram_18k: "BRAM 18K",
};

/** The layers, each figure over a bar of what it is of the largest. */
function showLayers(design) {
  const columns = data.layer_figures.filter((name) => name in LAYER_COLUMNS);
  const places = columns.map((name) => data.layer_figures.indexOf(name));
  const largest = places.map((place) =>
    Math.max(...design.layers.map((layer) => layer.figures[place]), 1e-9),
  );
  const cell = (layer, place, column) => {
    const value = h("td", { class: "number shaded" }, plain(Math.round(layer.figures[place])));
    value.style.setProperty("--share", `${(100 * layer.figures[place]) / largest[column]}%`);
    return value;
  };
  const rows = design.layers.map((layer) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, layer.name),
      h("td", {}, layer.kind),
      h("td", {}, layer.strategy || "–"),
      h("td", { class: "number" }, layer.folding || plain(layer.reuse_factor)),
      h("td", { class: "number" }, plain(layer.weight_bits)),
      h("td", { class: "number" }, plain(layer.result_bits)),
      places.map((place, column) => cell(layer, place, column)),
    ),
  );
  const heads = ["layer", "kernel", "strategy", "reuse", "weight bits", "result bits"].map((title, i) =>
    h("th", { scope: "col", class: i >= 3 ? "number" : false }, title),
  );
  byId("layers").replaceChildren(
    h("h2", {}, "Layers of ", design.name),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            heads,
            columns.map((name) => h("th", { scope: "col", class: "number" }, LAYER_COLUMNS[name])),
          ),
        ),
        h("tbody", {}, rows),
      ),
    ),
  );
}

const designFile = (design) => design.file.map((piece) => data.pieces[piece]).join("");

/** Copy text; a browser without a clipboard for local files gets the old way. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "unseen", readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function copyButton(text, what) {
  const button = h("button", { type: "button", "aria-label": `copy ${what}` }, "copy");
  button.addEventListener("click", async () => {
    await copy(text);
    button.textContent = "copied";
    setTimeout(() => {
      button.textContent = "copy";
    }, 1500);
  });
  return button;
}

function showBuild(design) {
  const file = designFile(design);
  byId("build").replaceChildren(
    h("h2", {}, "Build ", design.name),
    h(
      "div",
      { class: "code command" },
      copyButton(design.command, "the command"),
      h("pre", { tabindex: 0 }, design.command),
    ),
    h("p", { class: "caption" }, `designs/${design.name}.yaml`),
    h("div", { class: "code file" }, copyButton(file, "the design file"), h("pre", { tabindex: 0 }, file)),
  );
}
