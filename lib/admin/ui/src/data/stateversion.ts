// The version of an object's state: a hash over its entries that every client of the API computes
// alike. A change that names another one than the stored state has is dropped by the server.

import { sha256 } from "./sha256";

const encoder = new TextEncoder();

/** SHA-256 over the entries sorted by key; of each its index, 1, the key, 2, the value, 3. */
export function stateBytes(entries: Map<string, Uint8Array>): Uint8Array {
  const sorted = [...entries].map(([key, value]) => ({ key: encoder.encode(key), value }));
  sorted.sort((a, b) => compare(a.key, b.key));
  const size = sorted.reduce((sum, { key, value }) => sum + 11 + key.length + value.length, 0);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  sorted.forEach(({ key, value }, index) => {
    view.setBigUint64(at, BigInt(index));
    at += 8;
    for (const piece of [Uint8Array.of(1), key, Uint8Array.of(2), value, Uint8Array.of(3)]) {
      out.set(piece, at);
      at += piece.length;
    }
  });
  return out;
}

function compare(a: Uint8Array, b: Uint8Array) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

export function base64url(data: Uint8Array) {
  return btoa(String.fromCharCode(...data)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export const stateVersion = (entries: Map<string, Uint8Array>) => base64url(sha256(stateBytes(entries)));
