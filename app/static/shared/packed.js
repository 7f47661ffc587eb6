// Unpacks a component's data from Python (app/ui/components/packed.py): JSON, then its arrays.

/** @typedef {Uint8Array | Uint16Array} Numbers */

/** @type {Record<string, Uint8ArrayConstructor | Uint16ArrayConstructor>} */
const KINDS = { u1: Uint8Array, u2: Uint16Array }; // little-endian, as are all browsers' machines

/**
 * Unpack the data, with typed arrays in place of Python's arrays.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {any}
 */
export function unpacked(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + view.getUint32(0, true);
  const json = new TextDecoder().decode(bytes.subarray(4, start));
  return JSON.parse(json, (_, value) => {
    if (typeof value?.$array !== "string") return value;
    const Kind = KINDS[value.$array];
    const from = bytes.byteOffset + start + value.from;
    return new Kind(bytes.buffer.slice(from, from + value.length * Kind.BYTES_PER_ELEMENT));
  });
}
