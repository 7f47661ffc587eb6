// Pictures of pooled counts, for a run too large to draw whole.

/** @import { Context } from "../../shared/canvas.js" */
/** @import { Pooled, Run } from "./run.js" */

import { context2d } from "../../shared/canvas.js";
import { cividisParts } from "../../shared/colours.js";

/**
 * An image with a pixel per value in rows and columns; 0 is transparent.
 *
 * @param {number} rows
 * @param {number} columns
 * @param {(row: number, column: number) => number} value
 */
export function pixels(rows, columns, value) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = context2d(canvas);
  const image = context.createImageData(columns, rows);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const v = value(r, c);
      if (v > 0) image.data.set([...cividisParts(v), 255], 4 * (r * columns + c));
    }
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * Draw an image enlarged with sharp pixels, or reduced with averaged pixels.
 *
 * @param {Context} context
 * @param {HTMLCanvasElement} image
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export function stretch(context, image, x, y, width, height) {
  context.imageSmoothingEnabled = width * (window.devicePixelRatio || 1) < image.width;
  context.drawImage(image, x, y, width, height);
}

/**
 * Draw a frame that is visible on every colour, as its edge has another one.
 *
 * @param {Context} context
 * @param {[number, number, number, number]} rectangle
 * @param {string} colour
 * @param {string} edge
 */
export function outline(context, rectangle, colour, edge) {
  context.strokeStyle = edge;
  context.lineWidth = 4;
  context.strokeRect(...rectangle);
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(...rectangle);
}

/**
 * The label of a row: "5", or "10–11" if it has several experts.
 *
 * @param {Run} run
 * @param {Pooled} pooled
 * @param {number} r
 */
export function expertsOfRow(run, pooled, r) {
  const first = r * pooled.experts;
  const last = Math.min(run.n_experts, first + pooled.experts) - 1;
  return first === last ? String(first) : `${first}–${last}`;
}
