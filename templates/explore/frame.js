/** Ticks and title of the horizontal axis in a frame {left, right, top, bottom}. */
function gridAcross({ left, right, top, bottom }, scale, name) {
  const ticks = scale.ticks(Math.floor((right - left) / 90)).flatMap((tick) => {
    const x = scale.at(tick);
    const text = s("text", { x, y: bottom + 18, "text-anchor": "middle" }, short(tick));
    return [s("line", { x1: x, x2: x, y1: top, y2: bottom }), text];
  });
  const at = { x: (left + right) / 2, y: bottom + 38, "text-anchor": "middle" };
  return [...ticks, s("text", { class: "title", ...at }, label(quantity(name)))];
}

/** The same of the vertical one. */
function gridUp({ left, right, top, bottom }, scale, name) {
  const ticks = scale.ticks(Math.floor((bottom - top) / 55)).flatMap((tick) => {
    const y = scale.at(tick);
    const text = s("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, short(tick));
    return [s("line", { x1: left, x2: right, y1: y, y2: y }), text];
  });
  const at = { transform: `translate(16 ${(top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" };
  return [...ticks, s("text", { class: "title", ...at }, label(quantity(name)))];
}

/** What lines stand for: the limit that was asked for, and what the part holds where all have the same. */
function boundsOf(name) {
  const bounds = [];
  const limit = data.limits[name];
  if (limit !== undefined) bounds.push({ value: limit, kind: "limit", text: `limit ${plain(limit)}` });
  const parts = Object.values(data.parts);
  const held = parts.length === 1 ? parts[0]?.[name] : undefined;
  if (held && held !== limit)
    bounds.push({ value: held, kind: "held", text: `the part holds ${plain(held)}` });
  return bounds;
}

/** Lines for the bounds in view, with what is beyond a limit shaded. */
function limitLines(axis, { left, right, top, bottom }, scale, name) {
  const inView = boundsOf(name).filter((bound) => scale.holds(bound.value));
  return inView.flatMap(({ value, kind, text }) => {
    const place = scale.at(value);
    // limits are named at one place and capacities at another, so that close ones can be read, and those
    // across in the middle, where none up meets them
    const limit = kind === "limit";
    const anchor = !limit ? "start" : axis === "x" ? "middle" : "end";
    const [area, line, at] =
      axis === "x"
        ? [
            { x: place, y: top, width: right - place, height: bottom - top },
            { x1: place, x2: place, y1: top, y2: bottom },
            {
              transform: `translate(${place - 6} ${limit ? (top + bottom) / 2 : bottom - 8}) rotate(-90)`,
            },
          ]
        : [
            { x: left, y: top, width: right - left, height: place - top },
            { x1: left, x2: right, y1: place, y2: place },
            { x: limit ? right - 8 : left + 8, y: place - 6 },
          ];
    return [
      limit && s("rect", { class: "beyond", ...area }),
      s("line", { class: kind, "data-axis": axis, "data-value": value, ...line }),
      s("text", { class: kind, "text-anchor": anchor, ...at }, text),
    ].filter(Boolean);
  });
}
