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
