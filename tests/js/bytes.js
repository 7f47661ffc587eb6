/** What Python's `packed` makes of data whose arrays stand as in `header`. */
export function bytes(header, ...arrays) {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const whole = [new Uint8Array(new Uint32Array([json.length]).buffer), json, ...arrays];
  return new Uint8Array(whole.flatMap((part) => [...part]));
}
