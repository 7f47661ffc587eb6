// Words and numbers in the viewer's language.

/** @typedef {Record<string, string>} Labels texts by key, with {placeholders} */

export class Words {
  /**
   * @param {Labels} labels
   * @param {string} locale
   */
  constructor(labels, locale) {
    this.labels = labels;
    this.whole = new Intl.NumberFormat(locale);
    this.tenth = new Intl.NumberFormat(locale, {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    this.share = new Intl.NumberFormat(locale, { style: "percent" });
    this.fine = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  }

  /**
   * A text with its placeholders filled in.
   *
   * @param {string} key
   * @param {Record<string, string | number | null>} [values]
   */
  say(key, values = {}) {
    const text = this.labels[key];
    if (text === undefined) throw new Error(`no text "${key}"`);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }

  /** @param {number} bytes */
  kilobytes(bytes) {
    return this.tenth.format(bytes / 1000);
  }

  /** @param {number} p */
  probability(p) {
    if (p > 0 && p < 0.001) return `<${this.fine.format(0.001)}`;
    return this.fine.format(p);
  }
}
