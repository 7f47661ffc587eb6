// Access to plotly charts on the page. plotly has no API for the position of an axis, so this
// module, and no other, reads its private fields; a browser journey fails if they are gone.

/**
 * @typedef {object} Axis
 * @property {(value: number) => number} l2p px from the axis's start
 * @property {number} _offset px from the chart's left edge to the axis's start
 * @property {number} _length px
 */

/**
 * @typedef {{ points: { x: number }[] }} Pointed
 * @typedef {Record<string, (event: Pointed) => void>} Answers by plotly's name of the event
 * @typedef {object} Events
 * @property {(name: string, answer: (event: Pointed) => void) => void} on
 * @property {(name: string, answer: (event: Pointed) => void) => void} removeListener
 * @property {Record<string, Axis> & { _size: { t: number, h: number } }} _fullLayout
 * @property {object[]} data
 * @property {Record<string, unknown>} layout
 * @property {{ _frames: object[] } | undefined} _transitionData
 * @property {{ toImageButtonOptions?: Wanted, locale?: string, locales?: object }} _context
 * @typedef {{ format: "png" | "svg", filename: string }} Wanted how the page saves pictures
 * @typedef {HTMLElement & Events} Chart
 */

/**
 * How to save a chart's picture, as configured by Python (app/ui/chart.py).
 *
 * @param {Chart} chart
 */
export const wantedOf = (chart) => chart._context?.toImageButtonOptions;

/**
 * The data that plotly needs to draw a chart elsewhere, at the full width.
 *
 * @param {Chart} chart
 */
export function drawnAgain({ data, layout, _context, _transitionData }) {
  const { locale, locales } = _context;
  const drawn = {
    data,
    layout: { ...layout, width: undefined, autosize: true },
    frames: _transitionData?._frames ?? [],
    // the only one of plotly's own tools that makes no request
    config: {
      displaylogo: false,
      modeBarButtons: [["toImage"]],
      responsive: true,
      locale,
      locales,
    },
  };
  const plain = (/** @type {string} */ _, /** @type {unknown} */ value) =>
    ArrayBuffer.isView(value) ? Array.from(/** @type {Float64Array} */ (value)) : value;
  return new TextEncoder().encode(JSON.stringify(drawn, plain));
}

/**
 * Whether plotly has laid out the chart already.
 *
 * @param {Chart} chart
 */
export const isDrawn = (chart) => Boolean(chart._fullLayout);

/**
 * The positions of an x value in a chart in px, one for each x axis that includes it.
 *
 * @param {Chart} chart
 * @param {number} value
 */
export function placesOf(chart, value) {
  const layout = chart._fullLayout;
  const { t: top, h: height } = layout._size;
  return Object.keys(layout)
    .filter((key) => /^xaxis\d*$/.test(key))
    .map((key) => layout[key])
    .filter((axis) => axis.l2p(value) <= axis._length)
    .map((axis) => ({ left: axis._offset + axis.l2p(value), top, height }));
}

/**
 * What plotly has bound, by d3, to an element of a legend or a slider.
 *
 * @param {Element} element
 */
export const bound = (element) =>
  /** @type {{ __data__?: unknown }} */ (/** @type {unknown} */ (element)).__data__;
