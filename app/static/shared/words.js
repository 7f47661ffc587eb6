// Texts and numbers in the viewer's language.

/**
 * Texts by key, from `words` in app/core/texts.py: with {placeholders}, or one for each of the
 * language's plural forms.
 *
 * @typedef {Record<string, string | Record<string, string>>} Labels
 * @typedef {Record<string, string | number | null>} Values
 */

export class Words {
  /**
   * @param {Labels} labels
   * @param {string} locale
   */
  constructor(labels, locale) {
    this.labels = labels;
    this.locale = locale;
    this.whole = new Intl.NumberFormat(locale);
    this.plural = new Intl.PluralRules(locale);
    this.tenth = new Intl.NumberFormat(locale, {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    this.two = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
    this.share = new Intl.NumberFormat(locale, { style: "percent" });
    this.fine = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  }

  /**
   * A text with its placeholders filled in; `n` is a count, other counts name their noun.
   *
   * @param {string} key
   * @param {Values} [values]
   * @returns {string}
   */
  say(key, values = {}) {
    return this.form(key, values).replace(/\{(\w+)(?::(\w+))?\}/g, (_, name, noun) => {
      if (noun) return this.say(`count.${noun}`, { n: values[name] });
      return name === "n" ? this.whole.format(Number(values.n)) : String(values[name]);
    });
  }

  /**
   * @param {string} key
   * @param {Values} values
   */
  form(key, values) {
    const text = this.labels[key];
    if (text === undefined) throw new Error(`no text "${key}"`);
    return typeof text === "string" ? text : text[this.plural.select(Number(values.n))];
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
