/** One for each variant, so that colour is not all that tells them apart. */
const SHAPES = [
  "M5.5 0A5.5 5.5 0 1 1-5.5 0A5.5 5.5 0 1 1 5.5 0Z",
  "M-5-5H5V5H-5Z",
  "M0-7L6.4 4.6H-6.4Z",
  "M0-7L7 0 0 7-7 0Z",
  "M0 7L6.4-4.6H-6.4Z",
  "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
];

const CROSS = "M-4-4L4 4M4-4L-4 4";

const variants = [...new Set(data.designs.map(variant))];

const seriesOf = (design) => variants.indexOf(variant(design)) % SHAPES.length;

/** The classes of a design's mark and bars. */
function look(design) {
  const classes = [`series-${seriesOf(design)}`];
  if (!design.in_domain) classes.push("unlike");
  if (design.fits === false) classes.push("too-large");
  if (design.name === data.best) classes.push("best");
  return classes.join(" ");
}

/** The mark of a design, at the origin. */
function point(design, focused) {
  return s(
    "g",
    {
      class: `point ${look(design)}`,
      role: "option",
      tabindex: -1,
      "data-name": design.name,
      onfocus: focused,
    },
    s("circle", { class: "halo", r: 11 }),
    s("path", { class: "mark", d: SHAPES[seriesOf(design)] }),
    design.fits === false && s("path", { class: "cross", d: CROSS }),
    design.name === data.best && s("text", { class: "tag" }, "recommended"),
  );
}

function legendEntry(classes, text, series = 0, cross = false) {
  const mark = [
    s("path", { class: "mark", d: SHAPES[series] }),
    cross && s("path", { class: "cross", d: CROSS }),
  ];
  const group = s("g", { class: `point series-${series} ${classes}` }, mark);
  return h("li", {}, s("svg", { viewBox: "-9 -9 18 18", "aria-hidden": true }, group), text);
}

/** What the marks mean, as far as they occur. */
function legend() {
  const unlike = data.designs.filter((design) => !design.in_domain).length;
  const tooLarge = data.designs.some((design) => design.fits === false);
  const mixed = unlike > 0 && unlike < data.designs.length;
  return [
    ...(variants.length > 1 ? variants.map((name, i) => legendEntry("", name, i % SHAPES.length)) : []),
    mixed && legendEntry("", "like the training data"),
    unlike > 0 && legendEntry("unlike", "unlike the training data: rules answer, with wide intervals"),
    tooLarge && legendEntry("too-large", "larger than the part", 0, true),
  ].filter(Boolean);
}
