/** Around the plot, in pixels, for ticks and titles. */
const MARGIN = { top: 20, right: 20, bottom: 46, left: 66 };

/** Farther from a design than this, in pixels, the pointer means none. */
const REACH = 28;

/** Up to so many designs, all may show their intervals before they are told to. */
const FEW = 60;

/** The scatter of the designs over two quantities. */
class Chart {
  #designs = [];
  #points = [];
  #bars = [];
  #places = [];
  #active = -1;

  /** `axes` are names of quantities; `choose` is called with the position of a design. */
  constructor(plot, axes, choose) {
    this.plot = plot;
    this.choose = choose;
    this.#designs = data.designs;
    this.intervals =
      this.#designs.length <= FEW && axes.every((name) => !this.#hides(name)) ? "all" : "chosen";
    this.grid = s("g", { class: "grid", "aria-hidden": true });
    this.limits = s("g", { class: "limits", "aria-hidden": true });
    this.line = s("path", { class: "line" });
    this.clip = s("rect");
    const inside = { "clip-path": "url(#inside)" };
    this.#bars = this.#designs.map((design) => s("path", { class: `bar ${look(design)}` }));
    this.#points = this.#designs.map((design, position) => point(design, () => this.#activate(position)));
    this.svg = s(
      "svg",
      { role: "group", "aria-label": "scatter of designs" },
      s("defs", {}, s("clipPath", { id: "inside" }, this.clip)),
      this.grid,
      s("g", inside, this.limits, this.line, s("g", { class: "bars", "aria-hidden": true }, this.#bars)),
      s("g", { class: "points", role: "listbox", "aria-label": "designs" }, this.#points),
    );
    this.tip = h("div", { class: "tip", role: "status", hidden: true });
    plot.append(this.svg, this.tip);
    this.svg.addEventListener("pointermove", (event) => this.#activate(this.#nearest(event)));
    this.svg.addEventListener("pointerleave", () => this.#activate(-1));
    this.svg.addEventListener("click", (event) => this.#take(this.#nearest(event)));
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    this.setAxis("x", axes[0]);
    this.setAxis("y", axes[1]);
    new ResizeObserver(() => this.draw()).observe(plot);
  }

  /** Show a quantity along an axis, logarithmically where what is to be in view differs widely. */
  setAxis(axis, name) {
    const figures = this.#known(name);
    this[axis] = {
      name,
      logarithmic: isWide(this.intervals === "whole" ? figures.flat() : figures.map(([value]) => value)),
    };
  }

  #known(name) {
    return this.#designs.map((design) => figure(design, name)).filter(Boolean);
  }

  /** Whether most intervals are so long that bars would hide how designs differ. */
  #hides(name) {
    const figures = this.#known(name);
    const values = figures.map(([value]) => value);
    const spread = Math.max(...values) - Math.min(...values);
    return 2 * figures.filter(([, low, high]) => high - low > 2 * spread).length > figures.length;
  }

  /** Mark the chosen design. */
  mark(position) {
    this.#points.forEach((point, i) => {
      point.classList.toggle("chosen", i === position);
      point.setAttribute("aria-selected", i === position);
      point.setAttribute("tabindex", i === position ? 0 : -1);
    });
    this.#bars.forEach((bar, i) => bar.classList.toggle("chosen", i === position));
    if (position >= 0) this.#raise(this.#points[position]);
  }

  /** Draw a point over the others; one that is moved in the document would lose the keyboard. */
  #raise(point) {
    const focused = document.activeElement === point;
    point.parentNode.append(point);
    if (focused) point.focus();
  }

  /** Draw everything anew for the present size, axes and choices. */
  draw() {
    const width = Math.max(320, this.plot.clientWidth);
    const height = Math.round(Math.min(560, Math.max(340, 0.62 * width)));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.frame = {
      left: MARGIN.left,
      right: width - MARGIN.right,
      top: MARGIN.top,
      bottom: height - MARGIN.bottom,
    };
    const { left, right, top, bottom } = this.frame;
    build(this.clip, { x: left, y: top, width: right - left, height: bottom - top }, []);
    this.scales = { x: this.#scale("x", left, right), y: this.#scale("y", bottom, top) };
    const { x, y } = this.scales;
    this.grid.replaceChildren(
      ...gridAcross(this.frame, x, this.x.name),
      ...gridUp(this.frame, y, this.y.name),
    );
    this.limits.replaceChildren(
      ...limitLines("x", this.frame, x, this.x.name),
      ...limitLines("y", this.frame, y, this.y.name),
    );
    this.#designs.forEach((design, position) => this.#place(design, position));
    this.line.setAttribute("d", this.#frontLine());
    this.#activate(-1);
  }

  #figures(design) {
    return [figure(design, this.x.name), figure(design, this.y.name)];
  }

  #scale(axis, start, end) {
    const figures = this.#known(this[axis].name);
    const ends = figures.flatMap(([, low, high]) => [low, high]);
    const values = [...figures.map(([value]) => value), ...(this.intervals === "whole" ? ends : [])];
    const most = Math.max(...values);
    const near = boundsOf(this[axis].name)
      .map((bound) => bound.value)
      .filter((value) => value > 0 && value <= 2.5 * most && value >= most / 100);
    return new Scale(
      values.length ? [...values, ...near] : [0, 1],
      this.intervals === "all" ? ends : [],
      this[axis].logarithmic,
      start,
      end,
    );
  }

  #place(design, position) {
    const [x, y] = this.#figures(design);
    const point = this.#points[position];
    const known = x !== null && y !== null;
    point.classList.toggle("unknown", !known);
    this.#bars[position].setAttribute("d", "");
    this.#places[position] = null;
    if (!known) return;
    const place = [this.scales.x.at(x[0]), this.scales.y.at(y[0])];
    this.#places[position] = place;
    point.style.transform = `translate(${place[0].toFixed(1)}px, ${place[1].toFixed(1)}px)`;
    const tag = point.querySelector(".tag");
    if (tag) this.#placeTag(tag, place);
    point.setAttribute(
      "aria-label",
      `${design.name}: ${describe(x, this.x.name)}, ${describe(y, this.y.name)}`,
    );
    const [x1, x2] = [this.scales.x.at(x[1]), this.scales.x.at(x[2])];
    const [y1, y2] = [this.scales.y.at(y[1]), this.scales.y.at(y[2])];
    const numbers = [x1, place[1], x2, place[0], y1, y2].map((number) => number.toFixed(1));
    this.#bars[position].setAttribute(
      "d",
      `M${numbers[0]} ${numbers[1]}H${numbers[2]}M${numbers[3]} ${numbers[4]}V${numbers[5]}`,
    );
    this.#bars[position].classList.toggle("shown", this.intervals !== "chosen");
  }

  /** The word beside the recommended design: away from the front, which falls to the right, and within the frame. */
  #placeTag(tag, [x]) {
    const fits = x < this.frame.right - 100;
    build(tag, { x: fits ? 15 : -15, y: -7, "text-anchor": fits ? "start" : "end" }, []);
  }

  /** Steps along the designs that no other one beats in both quantities. */
  #frontLine() {
    const sign = [quantity(this.x.name).more ? -1 : 1, quantity(this.y.name).more ? -1 : 1];
    const known = this.#designs
      .map((design, position) => ({ figures: this.#figures(design), place: this.#places[position] }))
      .filter(({ place }) => place)
      .map(({ figures, place }) => ({ x: sign[0] * figures[0][0], y: sign[1] * figures[1][0], place }))
      .sort((a, b) => a.x - b.x || a.y - b.y);
    let best = Infinity;
    let path = "";
    for (const { y, place } of known) {
      if (y >= best) continue;
      best = y;
      const at = place.map((number) => number.toFixed(1));
      path += path ? `H${at[0]}V${at[1]}` : `M${at[0]} ${at[1]}`;
    }
    return path;
  }

  /** The design nearest to the pointer, -1 where none is near. */
  #nearest(event) {
    const box = this.svg.getBoundingClientRect();
    const zoom = this.svg.viewBox.baseVal.width / box.width;
    const [x, y] = [(event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom];
    let [nearest, least] = [-1, REACH ** 2];
    this.#places.forEach((place, position) => {
      if (place === null) return;
      const distance = (place[0] - x) ** 2 + (place[1] - y) ** 2;
      if (distance < least) [nearest, least] = [position, distance];
    });
    return nearest;
  }

  #activate(position) {
    if (this.#active === position) return;
    if (this.#active >= 0) {
      this.#points[this.#active].classList.remove("active");
      this.#bars[this.#active].classList.remove("active");
    }
    this.#active = position;
    this.tip.hidden = position < 0;
    this.svg.classList.toggle("pointing", position >= 0);
    if (position < 0) return;
    this.#points[position].classList.add("active");
    this.#bars[position].classList.add("active");
    this.tip.replaceChildren(...summary(this.#designs[position]));
    const [x, y] = this.#places[position];
    const left = x > this.plot.clientWidth / 2;
    const above = y > this.svg.viewBox.baseVal.height / 2;
    this.tip.style.left = `${left ? x - 14 : x + 14}px`;
    this.tip.style.top = `${above ? y - 10 : y + 10}px`;
    this.tip.style.transform = `translate(${left ? "-100%" : "0"}, ${above ? "-100%" : "0"})`;
  }

  #take(position) {
    if (position >= 0) this.choose(position);
  }

  /** Arrow keys go along the horizontal axis, and up and down among designs of the same place. */
  #key(event) {
    const order = this.#places.flatMap((place, position) => (place ? [position] : []));
    order.sort((a, b) => this.#places[a][0] - this.#places[b][0] || this.#places[b][1] - this.#places[a][1]);
    const here = order.indexOf(this.#points.indexOf(document.activeElement));
    const to = {
      ArrowRight: here + 1,
      ArrowUp: here + 1,
      ArrowLeft: here - 1,
      ArrowDown: here - 1,
      Home: 0,
      End: order.length - 1,
    }[event.key];
    if (to !== undefined) this.#points[order[Math.min(order.length - 1, Math.max(0, to))]]?.focus();
    else if (event.key === "Enter" || event.key === " ") this.#take(order[here] ?? -1);
    else if (event.key === "Escape") this.#activate(-1);
    else return;
    event.preventDefault();
  }
}

const describe = (figures, name) => {
  const entry = quantity(name);
  return entry.unit ? `${entry.title} ${withUnit(figures[0], entry)}` : `${plain(figures[0])} ${entry.title}`;
};
