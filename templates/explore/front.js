/** Whether a figure is beyond its limit or what the part holds. */
const exceeds = (design, name, value) =>
  value > (data.limits[name] ?? Infinity) || value > (data.parts[design.part]?.[name] ?? Infinity);

/** The table of all designs; a click on a head sorts it, one on a row chooses the design. */
class Front {
  #rows;

  constructor(section, choose) {
    const varies = data.designs.some((design) => variant(design));
    this.columns = [
      { title: "design", text: (design) => design.name, key: (design) => data.designs.indexOf(design) },
      ...(varies ? [{ title: "variant", text: variant, key: variant }] : []),
      ...data.quantities.map((entry, i) => ({
        title: label(entry),
        number: true,
        over: (design) => exceeds(design, entry.name, design.figures[i]?.[0]),
        text: (design) => plain(design.figures[i]?.[0]),
        key: (design) => design.figures[i]?.[0] ?? Infinity,
      })),
      {
        title: "fits",
        text: (design) => ({ true: "yes", false: "no" })[design.fits] ?? "–",
        key: (design) => String(design.fits),
      },
      {
        title: "like the data",
        text: (design) => (design.in_domain ? "yes" : "no"),
        key: (design) => String(design.in_domain),
      },
    ];
    this.#rows = data.designs.map((design, position) => this.#row(design, () => choose(position)));
    this.body = h("tbody", {}, this.#rows);
    this.heads = this.columns.map((column) =>
      h(
        "th",
        { scope: "col", class: column.number ? "number" : false, "aria-sort": "none" },
        h("button", { type: "button", onclick: () => this.#sort(column) }, column.title),
      ),
    );
    section.append(
      h("h2", {}, counted(data.designs.length)),
      h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, this.heads)), this.body)),
    );
  }

  #row(design, choose) {
    const [first, ...rest] = this.columns.map((column) => column.text(design));
    return h(
      "tr",
      { "data-name": design.name, class: design.name === data.best ? "best" : false, onclick: choose },
      h("th", { scope: "row" }, h("button", { type: "button" }, first)),
      rest.map((text, i) => h("td", { class: this.#classes(this.columns[i + 1], design) }, text)),
    );
  }

  #classes(column, design) {
    if (!column.number) return false;
    return column.over(design) ? "number over" : "number";
  }

  #sort(column) {
    const head = this.heads[this.columns.indexOf(column)];
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    this.heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const keys = data.designs.map(column.key);
    const order = keys
      .map((_, i) => i)
      .sort((a, b) => sign * (keys[a] > keys[b]) - sign * (keys[a] < keys[b]) || a - b);
    this.body.append(...order.map((i) => this.#rows[i]));
  }

  mark(position) {
    this.#rows.forEach((row, i) => {
      row.classList.toggle("chosen", i === position);
      row.setAttribute("aria-current", i === position);
    });
  }
}
