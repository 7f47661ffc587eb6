// The codes to copy: links to figures, embeds, citations.

import { escaped } from "../../shared/svg.js";

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {string} title
 * @property {string[]} pages whose own it is
 * @property {[number, number, number]} heights px of its embed: wide, middle, narrow
 * @property {string} paper
 * @typedef {object} Shared what Python sends (app/export/share.py)
 * @property {string} page
 * @property {boolean} shown
 * @property {Figure[]} figures
 * @property {string} folder
 * @property {string[]} formats
 * @property {string[]} shells components that can be saved as a file
 * @property {Record<string, string>} papers BibTeX by key
 * @property {string} paper key of the page's
 * @property {Record<string, string>} rooms with another paper
 * @property {string} app BibTeX with %url%, %date% and %year%
 * @property {string} date
 * @property {string} locale
 */

const [MIDDLE, NARROW] = [672, 480]; // px widths of embeds below which they show narrower pictures
const [LOW, HIGH] = [400, 1600]; // px, of an embedded page, which scrolls inside if it is higher
const ROOM = "room"; // the URL key of a page's room

/**
 * Fill in a page template with a run, in the form given to its component, or a chart.
 *
 * @param {string} shell
 * @param {{ title: string, says: string, bytes: Uint8Array }} shown
 * @param {string} source
 */
export function filledShell(shell, { title, says, bytes }, source) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return shell
    .replaceAll("%%title%%", () => escaped(title))
    .replace("%%says%%", () => escaped(says))
    .replace("%%source%%", () => escaped(source))
    .replace("%%data%%", () => btoa(text));
}

/** The URL of the app's first page, which all pages are relative to. */
const home = () => new URL("./", document.baseURI);

/**
 * Whether the page's background is dark.
 *
 * @param {Element} root
 */
export function isDark(root) {
  const colour = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  const hex = /^#(..)(..)(..)/.exec(colour);
  const parts = hex ? hex.slice(1).map((pair) => Number.parseInt(pair, 16)) : [255];
  return Math.max(...parts) < 128;
}

/**
 * @param {Shared} data
 * @param {string} file
 * @param {boolean} dark
 */
export function addressOf(data, file, dark) {
  const address = new URL(`${data.folder}/${file}`, home());
  address.searchParams.set("lang", data.locale);
  address.searchParams.set("theme", dark ? "dark" : "light");
  return address.href;
}

/**
 * The height of a figure's embed as CSS, which grows in two steps in narrower columns, since embed
 * code cannot contain media queries.
 *
 * @param {Figure} figure
 */
function heightOf({ heights: [wide, middle, narrow] }) {
  const more = (/** @type {number} */ below, /** @type {number} */ px) =>
    `clamp(0px, (${below}px - 100cqw) * 999, ${px}px)`;
  return `calc(${wide}px + ${more(MIDDLE, middle - wide)} + ${more(NARROW, narrow - middle)})`;
}

/** The height in px that the current page needs in a column as wide as here. */
function heightOfPage() {
  const page = document.querySelector("[data-testid=stMainBlockContainer]");
  return Math.min(Math.max(page?.scrollHeight ?? 0, LOW), HIGH);
}

/**
 * The embed code of a figure, or else of the current page.
 *
 * @param {Shared} data
 * @param {Figure | undefined} figure
 * @param {string} theme "light", "dark", or "" to follow each reader's own
 */
export function frameOf(data, figure, theme) {
  const address = figure ? home() : new URL(location.href);
  address.searchParams.set("embed", "true");
  address.searchParams.set("lang", data.locale);
  if (figure) address.searchParams.set("figure", figure.name);
  if (theme) {
    const [key, value] = figure ? ["theme", theme] : ["embed_options", `${theme}_theme`];
    address.searchParams.set(key, value);
  }
  const quoted = (/** @type {string} */ text) =>
    text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const title = figure ? `${figure.title} · Inside R1` : document.title;
  const frame =
    `<iframe src="${quoted(address.href)}" title="${quoted(title)}" loading="lazy" ` +
    `style="border:0;width:100%;height:${figure ? heightOf(figure) : `${heightOfPage()}px`}"></iframe>`;
  return figure ? `<div style="max-width:720px;container-type:inline-size">${frame}</div>` : frame;
}

/**
 * The BibTeX entry of the paper that the view or a figure shows.
 *
 * @param {Shared} data
 * @param {Figure} [figure]
 */
function paperOf(data, figure) {
  const room = new URL(location.href).searchParams.get(ROOM) ?? "";
  return data.papers[figure?.paper ?? data.rooms[room] ?? data.paper];
}

/**
 * That paper in a line: its title and where it is found.
 *
 * @param {Shared} data
 */
export function citedShort(data) {
  const entry = paperOf(data);
  const plain = (/** @type {string} */ field) =>
    new RegExp(`^\\s*${field}\\s*= \\{(.*)\\},?$`, "m").exec(entry)?.[1].replace(/[{}]/g, "");
  const place = plain("journal")?.replace("arXiv preprint ", "") ?? plain("url");
  return [plain("title"), place, plain("year")].filter(Boolean).join(", ");
}

/**
 * The BibTeX entries of the app and of the paper shown.
 *
 * @param {Shared} data
 * @param {Figure | undefined} figure
 */
export function bibtex(data, figure) {
  const app = data.app
    .replace("%url%", () => location.href.replace(/[{}]/g, encodeURIComponent))
    .replace("%date%", () => data.date)
    .replace("%year%", () => data.date.slice(0, 4));
  return `${app}\n\n${paperOf(data, figure)}\n`;
}
