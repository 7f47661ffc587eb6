// The run as the parts use it: with decoded arrays, and tokens by their index in the run.

/** @import { Numbers } from "../../shared/packed.js" */

import { spread } from "../../shared/player.js";
import { groupBytes } from "../../shared/tokens.js";

/**
 * Pooled counts over a whole run that is too large to draw.
 *
 * @typedef {object} Pooled
 * @property {number} length tokens
 * @property {number} fed tokens that the model has read
 * @property {number} layer the layer of `choices`, counting all layers
 * @property {number} tokens per cell
 * @property {number} experts per cell
 * @property {Numbers} choices [R, C]
 * @property {number[][]} load [L, R]
 */

/**
 * A run as sent by Python (payload.py).
 *
 * @typedef {object} RunData
 * @property {string} id of its inputs
 * @property {number} n_prompt
 * @property {number} fed tokens that the model has read
 * @property {number[]} layers with routed experts, counting all layers
 * @property {number} n_experts
 * @property {number} n_group
 * @property {number} n_shared
 * @property {number} k experts per token and layer
 * @property {number} first token of the window, for a run too large to draw whole
 * @property {string[]} texts
 * @property {number[]} token_ids
 * @property {(number | null)[]} probs
 * @property {number[] | null} cache_bytes null if not recorded, as below
 * @property {number[] | null} seconds
 * @property {Numbers} experts [F, L, k]
 * @property {Numbers | null} shares [F, L, k], 1 is `share_units`
 * @property {number} share_units
 * @property {Pooled | null} pooled
 */

/** @typedef {{ expert: number, share: number }} Choice */

/**
 * A whole run, or a window of one too large to draw whole: tokens `first` to `length` - 1 of
 * `total`. In both cases, tokens are identified by their index in the run.
 */
export class Run {
  /** @param {RunData} raw */
  constructor(raw) {
    /** @type {<T>(values: T[]) => T[]} */
    const placed = (values) => Array(raw.first).concat(values);
    this.id = raw.id;
    this.n_prompt = raw.n_prompt;
    this.layers = raw.layers;
    this.n_experts = raw.n_experts;
    this.n_group = raw.n_group;
    this.n_shared = raw.n_shared;
    this.k = raw.k;
    this.first = raw.first;
    this.texts = placed(raw.texts);
    this.token_ids = placed(raw.token_ids);
    this.probs = placed(raw.probs);
    this.cache_bytes = raw.cache_bytes && placed(raw.cache_bytes);
    this.seconds = raw.seconds && placed(raw.seconds);
    this.times = spread(raw.seconds ?? raw.texts.map(() => 0)); // for playing
    this.pooled = raw.pooled;
    this.length = this.texts.length;
    this.total = raw.pooled ? raw.pooled.length : this.length;
    this.span = raw.pooled ? raw.texts.length : this.length; // tokens on the axis
    this.fed = Math.min(raw.fed, this.length);
    this.experts = raw.experts;
    this.shares = raw.shares;
    this.shareUnits = raw.share_units;
    const bytes = this.cache_bytes?.[this.fed - 1] ?? 0;
    this.bytesPerToken = this.fed ? bytes / this.fed : 0;
    this.fullShare = Math.min(1, 2 / this.k); // where the colour scale ends; as in ui/style.py
    this.groups = groupBytes(raw.texts, raw.first);
  }

  /**
   * The experts of token i in the layer at index l, strongest first; with equal shares if these
   * are unknown.
   *
   * @param {number} i
   * @param {number} l
   * @returns {Choice[]}
   */
  chosen(i, l) {
    if (i < this.first || i >= this.fed) return [];
    const start = ((i - this.first) * this.layers.length + l) * this.k;
    return Array.from({ length: this.k }, (_, j) => ({
      expert: this.experts[start + j],
      share: this.shares ? this.shares[start + j] / this.shareUnits : 1 / this.k,
    }));
  }

  /**
   * Whether `other` is this run, or another window of it, so that what is drawn can stay.
   *
   * @param {Run | null} other
   */
  is(other) {
    if (!other || other.id !== this.id || other.total !== this.total) return false;
    if (this.pooled || other.pooled) return Boolean(this.pooled && other.pooled);
    return other.token_ids.every((id, i) => id === this.token_ids[i]);
  }
}
