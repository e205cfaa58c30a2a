/** What the search found; accelgen/exploration/report/page.py writes it. */
const data = JSON.parse(document.getElementById("data").textContent);

const byId = (id) => document.getElementById(id);

/**
 * Names come from models that nobody vouches for: text enters the page through here and nowhere else, as text.
 * Attributes that are undefined or false are left out; "on..." are listeners.
 */
function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

const h = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);

const s = (tag, attributes, ...children) =>
  build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** The figures of a design: [value, low, high], or null where it is not known. */
const figure = (design, name) =>
  design.figures[data.quantities.findIndex((entry) => entry.name === name)] ?? null;

const quantity = (name) =>
  data.quantities.find((entry) => entry.name === name) ?? { name, title: name, unit: "" };

const RESOURCES = { lut: "LUT", ff: "FF", dsp: "DSP", bram_18k: "BRAM 18K", uram: "URAM" };

/** What is chosen for whole designs, and differs among them: "io_stream, 5 ns". */
const variant = (() => {
  const choices = {
    part: (design) => design.part,
    io_type: (design) => design.io_type,
    clock_ns: (design) => `${plain(design.clock_ns)} ns`,
  };
  const varying = Object.values(choices).filter((choice) => new Set(data.designs.map(choice)).size > 1);
  return (design) => varying.map((choice) => choice(design)).join(", ");
})();
