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
