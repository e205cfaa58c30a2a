function showHeader() {
  byId("network").textContent = data.network;
  const parts = Object.keys(data.parts);
  const where =
    parts.includes(data.board) || !parts.length ? data.board : `${data.board} (${parts.join(", ")})`;
  const axes = data.axes.map((name) => quantity(name).title).join(" and ");
  const proof = data.proven
    ? "proven best for the estimates"
    : `the best of ${data.evaluated.toLocaleString("en-US")} that were looked at`;
  byId("summary").textContent =
    `${where} · ${counted(data.designs.length)} out of ${data.combinations} for ${axes}, ${proof}`;
  byId("limits").append(
    ...data.asked
      .map(quantity)
      .map((entry) => h("li", {}, `${entry.title} ≤ ${withUnit(data.limits[entry.name], entry)}`)),
  );
  byId("footer").textContent =
    `Estimates before synthesis, intervals for ${percent(data.confidence)} of cases. accelgen ${data.accelgen}.`;
  byId("notes").hidden = data.notes.length === 0;
  byId("notes").append(
    h("h2", {}, "Notes"),
    h(
      "ul",
      {},
      data.notes.map((note) => h("li", {}, note)),
    ),
  );
}

/** Light, dark, or as the system is. */
function themeButton() {
  const themes = ["auto", "light", "dark"];
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = `theme: ${theme}`;
  };
  byId("theme").addEventListener("click", () =>
    show(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]),
  );
  show("auto");
}

function axisControls(chart) {
  for (const axis of ["x", "y"]) {
    const [select, log] = [byId(axis), byId(`log-${axis}`)];
    select.append(...data.quantities.map((entry) => h("option", { value: entry.name }, label(entry))));
    select.value = chart[axis].name;
    log.checked = chart[axis].logarithmic;
    select.addEventListener("change", () => {
      chart.setAxis(axis, select.value);
      log.checked = chart[axis].logarithmic;
      chart.draw();
    });
    log.addEventListener("change", () => {
      chart[axis].logarithmic = log.checked;
      chart.draw();
    });
  }
  byId("intervals").value = chart.intervals;
  byId("intervals").addEventListener("change", (event) => {
    chart.intervals = event.target.value;
    for (const axis of ["x", "y"]) {
      chart.setAxis(axis, chart[axis].name);
      byId(`log-${axis}`).checked = chart[axis].logarithmic;
    }
    chart.draw();
  });
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
}

function main() {
  showHeader();
  themeButton();
  const choose = (position) => {
    const design = data.designs[position];
    chart.mark(position);
    front.mark(position);
    showDetail(design);
    showLayers(design);
    showBuild(design);
  };
  const take = (position) => {
    choose(position);
    location.replace(`#${encodeURIComponent(data.designs[position].name)}`);
  };
  const positionOf = (name) => data.designs.findIndex((design) => design.name === name);
  const chart = new Chart(byId("plot"), data.axes, take);
  const front = new Front(byId("front"), take);
  axisControls(chart);
  byId("legend").append(...legend());
  const best = data.designs[positionOf(data.best)];
  if (best) {
    byId("recommended").hidden = false;
    byId("recommended-name").textContent = best.name;
    byId("recommended-name").href = `#${encodeURIComponent(best.name)}`;
    byId("recommended-reason").textContent = best.reason;
  }
  const fromAddress = () => {
    const named = data.designs.findIndex((design) => location.hash === `#${encodeURIComponent(design.name)}`);
    return named >= 0 ? named : Math.max(0, positionOf(data.best));
  };
  window.addEventListener("hashchange", () => choose(fromAddress()));
  if (data.designs.length) choose(fromAddress());
  chart.draw();
}

main();
