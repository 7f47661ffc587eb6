// Share: link, embed code and citation of the current view. The URL is read only when needed, so
// that it is always up to date.

/** @import { Common } from "../../shared/mount.js" */
/** @import { Chart } from "../../shared/plotly.js" */

import { measuredOf, sourceOf, titleOf, watchCharts } from "../../shared/chart_picture.js";
import { copy, pngOf, save } from "../../shared/copy.js";
import { element } from "../../shared/element.js";
import { mount, shown } from "../../shared/mount.js";
import { unpacked } from "../../shared/packed.js";
import { drawnAgain, wantedOf } from "../../shared/plotly.js";
import { Words } from "../../shared/words.js";
import { addressOf, bibtex, citedShort, filledShell, frameOf, isDark } from "./codes.js";

/** @import { Shared } from "./codes.js" */

/**
 * @typedef {object} Page something on the page that can be saved as a file
 * @property {string} label
 * @property {string} title
 * @property {string} says
 * @property {string} measured when, in the page's own words; "" if `says` tells it
 * @property {string} shell the template to fill in
 * @property {() => Uint8Array} bytes
 * @property {string} file its name, without language and extension
 */

const TOLD = 6000; // ms that a message is shown
const CHART = "plotly_chart"; // the template of charts
const UNLINKED = "st-key-unlinked_"; // prefix for state that no link can hold

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.built = "";
    this.words = new Words({}, "en");
    /** @type {HTMLElement} */
    this.panel = element("div");
    /** @type {HTMLElement} */
    this.said = element("div");
    this.unwatch = watchCharts((file) => this.tell("saved", { file }));
    this.away = (/** @type {Event} */ event) => {
      if (!event.composedPath().includes(root)) this.close();
    };
    document.addEventListener("pointerdown", this.away);
    root.onkeydown = (event) => {
      if (event.key !== "Escape" || this.panel.hidden) return;
      event.stopPropagation();
      this.close();
      root.querySelector("button")?.focus();
    };
  }

  /** @param {Shared & Common} data */
  update(data) {
    this.data = data;
    this.words = new Words(data.labels, data.locale);
    const built = JSON.stringify([data.locale, data.page, data.shown]);
    if (built === this.built) return;
    this.built = built;
    this.root.replaceChildren();
    this.said = element("div", "said");
    this.said.setAttribute("role", "status");
    if (data.shown) this.build();
  }

  build() {
    const open = element("button", "open", this.root, this.words.say("open"));
    open.type = "button";
    open.setAttribute("aria-expanded", "false");
    this.panel = element("div", "panel", this.root);
    this.panel.hidden = true;
    this.panel.setAttribute("role", "dialog");
    this.panel.setAttribute("aria-label", this.words.say("open"));
    open.onclick = () => {
      if (!this.panel.hidden) return this.close();
      this.fill();
      this.panel.hidden = false;
      open.setAttribute("aria-expanded", "true");
      this.panel.querySelector("input")?.focus();
    };
  }

  close() {
    this.panel.hidden = true;
    this.root.querySelector(".open")?.setAttribute("aria-expanded", "false");
  }

  /** Update all fields for the current view. */
  fill() {
    const { data, panel, words } = this;
    if (!data) return;
    panel.replaceChildren();
    element("h2", "", panel, words.say("link"));
    const link = element("input");
    link.readOnly = true;
    link.value = location.href;
    this.row(link, words.say("link"));
    for (const name of ["own", "run"])
      if (document.querySelector(`.${UNLINKED}${name}`))
        element("p", "unlinked", panel, words.say(`unlinked_${name}`));

    element("h2", "", panel, words.say("embed"));
    const choice = element("select", "", panel);
    choice.setAttribute("aria-label", words.say("choose"));
    element("option", "", choice, words.say("whole_view")).value = "";
    const here = data.figures.filter(({ pages }) => pages.includes(data.page));
    const others = data.figures.filter(({ pages }) => !pages.includes(data.page));
    for (const { name, title } of [...here, ...others])
      element("option", "", choice, title).value = name;
    const theme = element("select", "", panel);
    theme.setAttribute("aria-label", words.say("theme"));
    for (const name of ["", "light", "dark"])
      element("option", "", theme, words.say(`theme_${name || "reader"}`)).value = name;
    const code = element("textarea");
    code.readOnly = true;
    code.rows = 4;
    this.row(code, words.say("embed"));
    const files = element("div", "files", panel);

    this.pages("runs", this.runs());
    this.pages("charts", this.charts());
    element("h2", "", panel, words.say("cite"));
    const entry = element("textarea");
    entry.readOnly = true;
    entry.rows = 8;
    this.row(entry, words.say("cite"));
    panel.append(this.said);
    this.said.className = "said";
    this.said.textContent = "";

    const show = () => {
      const chosen = data.figures.find((figure) => figure.name === choice.value);
      code.value = frameOf(data, chosen, theme.value);
      entry.value = bibtex(data, chosen);
      this.files(files, chosen?.name);
    };
    choice.onchange = show;
    theme.onchange = show;
    show();
  }

  /**
   * Draw a field with a button that copies it.
   *
   * @param {HTMLInputElement | HTMLTextAreaElement} field
   * @param {string} name
   */
  row(field, name) {
    const row = element("div", "row", this.panel);
    field.setAttribute("aria-label", name);
    row.append(field);
    const button = element("button", "copy", row, this.words.say("copy"));
    button.type = "button";
    button.setAttribute("aria-label", this.words.say("copy_what", { what: name }));
    button.onclick = async () => {
      const done = await copy(field);
      this.tell(done ? "copied" : "by_hand", { what: name });
      if (done) button.focus();
    };
  }

  /**
   * Draw links to a figure's files.
   *
   * @param {HTMLElement} box
   * @param {string} [name]
   */
  files(box, name) {
    const { data } = this;
    box.replaceChildren();
    if (!name || !data) return;
    const dark = isDark(this.root);
    for (const format of data.formats) {
      const link = element("a", "", box, format.toUpperCase());
      link.href = addressOf(data, `${name}.${format}`, dark);
      link.setAttribute("download", "");
    }
    const button = element("button", "", box, "PNG");
    button.type = "button";
    button.onclick = async () => {
      const drawn = await fetch(addressOf(data, `${name}.svg`, dark));
      const file = `inside-r1-${name}-${data.locale}.png`;
      save(await pngOf(await drawn.text()), file);
      this.tell("saved", { file });
    };
  }

  /**
   * The runs and replies on the page.
   *
   * @returns {Page[]}
   */
  runs() {
    const title = document.querySelector("h1")?.textContent ?? document.title;
    const views = [...shown].filter(([root]) => this.data?.shells.includes(nameOf(root)));
    return views.map(([root, bytes], i) => ({
      label: views.length > 1 ? `${title} (${i + 1})` : title,
      title,
      says: unpacked(bytes).about,
      measured: "",
      shell: nameOf(root),
      bytes: () => bytes,
      file: "inside-r1-run",
    }));
  }

  /**
   * The plotly charts on the page.
   *
   * @returns {Page[]}
   */
  charts() {
    const found = /** @type {Chart[]} */ ([...document.querySelectorAll(".js-plotly-plot")]);
    return found
      .filter((chart) => chart.checkVisibility())
      .map((chart) => ({
        label: titleOf(chart),
        title: titleOf(chart),
        says: chart.closest("[data-testid=stPlotlyChart]")?.ariaLabel ?? "",
        measured: measuredOf(chart),
        shell: CHART,
        bytes: () => drawnAgain(chart),
        file: wantedOf(chart)?.filename ?? "inside-r1-chart",
      }));
  }

  /**
   * Draw buttons that save parts of the page as interactive files that need no server.
   *
   * @param {string} heading key of its text
   * @param {Page[]} pages
   */
  pages(heading, pages) {
    const { data, panel, words } = this;
    if (!data || !pages.length) return;
    element("h2", "", panel, words.say(heading));
    const box = element("div", "files", panel);
    for (const page of pages) {
      const button = element("button", "", box, `HTML: ${page.label}`);
      button.type = "button";
      button.onclick = async () => {
        const shell = await fetch(addressOf(data, `shell/${page.shell}`, isDark(this.root)));
        const shownPage = { title: page.title, says: page.says, bytes: page.bytes() };
        const paper = words.say("paper", { paper: citedShort(data) });
        const source = sourceOf(location.href, page.measured, paper);
        const text = filledShell(await shell.text(), shownPage, source);
        const file = `${page.file}-${data.locale}.html`;
        save(new Blob([text], { type: "text/html" }), file);
        this.tell("saved", { file });
      };
    }
  }

  /**
   * @param {string} key
   * @param {Record<string, string>} values
   */
  tell(key, values) {
    if (this.panel.hidden || !this.panel.isConnected) {
      this.said.className = "said toast";
      this.root.append(this.said);
    }
    const text = this.words.say(key, values);
    this.said.textContent = text;
    setTimeout(() => {
      if (this.said.textContent === text) this.said.textContent = "";
    }, TOLD);
  }

  destroy() {
    this.unwatch();
    document.removeEventListener("pointerdown", this.away);
  }
}

/**
 * The name of a component by the classes of its root: "view trace-view".
 *
 * @param {HTMLElement} root
 */
const nameOf = (root) => root.classList[1].replaceAll("-", "_");

export default mount(View);
