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
