// The run as the parts read it: arrays decoded, characters grouped, numbers and words formatted.

function decode16(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}

const BY_TOKEN = ["texts", "token_ids", "probs", "cache_bytes", "seconds"];

// All of a run, or a window of one too large to draw whole: tokens `first` to `length` - 1 of
// `total`. Either way a token goes by its number in the run.
class Run {
  constructor(raw) {
    Object.assign(this, raw);
    for (const name of BY_TOKEN) this[name] = Array(raw.first).concat(raw[name]);
    this.length = this.texts.length;
    this.total = raw.pooled ? raw.pooled.length : this.length;
    this.span = raw.pooled ? raw.texts.length : raw.capacity; // tokens on the axis
    this.fed = Math.min(raw.fed, this.length);
    this.experts = decode16(raw.experts);
    this.shares = decode16(raw.shares);
    this.bytesPerToken = this.fed ? this.cache_bytes[this.fed - 1] / this.fed : 0;
    this.fullShare = Math.min(1, 2 / this.k); // colours end at twice the even share
    this.groups = groupBytes(this.texts, raw.first);
  }

  // Chosen experts of token i in the layer at index l, strongest first: [{expert, share}].
  chosen(i, l) {
    if (i < this.first || i >= this.fed) return [];
    const start = ((i - this.first) * this.layers.length + l) * this.k;
    return Array.from({ length: this.k }, (_, j) => ({
      expert: this.experts[start + j],
      share: this.shares[start + j] / this.share_units,
    }));
  }

  // Is `other` this run, grown, or another window of it? Then what is drawn stays.
  continues(other) {
    if (!other || other.id !== this.id || other.total > this.total) return false;
    if (this.pooled || other.pooled) return Boolean(this.pooled && other.pooled);
    return other.token_ids.every((id, i) => id === this.token_ids[i]);
  }
}

// First and last token of the character that each token belongs to. A token without text only
// begins a character; the token that completes it carries the text.
function groupBytes(texts, from = 0) {
  const groups = Array(from);
  let first = from;
  texts.forEach((text, i) => {
    groups.push({ first, last: i });
    if (text !== "") {
      for (let j = first; j < i; j++) groups[j].last = i;
      first = i + 1;
    } else {
      for (let j = first; j < i; j++) groups[j].last = i;
    }
  });
  return groups;
}

// What a token looks like in the strip: signs instead of what cannot be seen.
function visible(text) {
  if (text === "") return "·";
  return text
    .replace(/^ +$/, (s) => "␣".repeat(s.length))
    .replace(/\n/g, "↵")
    .replace(/\t/g, "⇥")
    .replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u007f-\u009f]/g, "␡");
}

const isTag = (text) => /^<\/?[a-z]+>$/.test(text);

class Words {
  constructor(labels, locale) {
    this.labels = labels;
    this.whole = new Intl.NumberFormat(locale);
    this.plural = new Intl.PluralRules(locale);
    this.tenth = new Intl.NumberFormat(locale, {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    this.share = new Intl.NumberFormat(locale, { style: "percent" });
    this.fine = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  }

  // A text filled in by the rules of texts.py: `n` is a count, other counts name their noun.
  say(key, values = {}) {
    const text = this.labels[key];
    const form = typeof text === "string" ? text : text[this.plural.select(values.n)];
    return form.replace(/\{(\w+)(?::(\w+))?\}/g, (_, name, noun) => {
      if (noun) return this.say(`count.${noun}`, { n: values[name] });
      return name === "n" ? this.whole.format(values.n) : String(values[name]);
    });
  }

  kilobytes(bytes) {
    return this.tenth.format(bytes / 1000);
  }

  probability(p) {
    if (p > 0 && p < 0.001) return "<" + this.fine.format(0.001);
    return this.fine.format(p);
  }
}

// Views of one run, of whatever component, point at and pin the same token: each tells the others.
// Python is to know a pin of them all, but one after another: of what components in two fragments
// send at once, Streamlit runs one fragment only.
const LINK = "token-of-a-run";
const PAUSE = 200; // ms before a pin is sent: arrow keys repeat, so it is sent where they stop

function tellOthers(view, run) {
  const { hovered, pinned } = view;
  const detail = { from: view, run, hovered, pinned, told: 0 };
  window.dispatchEvent(new CustomEvent(LINK, { detail }));
}

function nextTurn(detail) {
  detail.told += 1;
  return PAUSE * (1 + detail.told);
}
