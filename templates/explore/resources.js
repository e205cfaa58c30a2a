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
