// Bytes of users: JSON if they are JSON, text if they are text, else a dump.

export interface Payload {
  kind: "empty" | "json" | "text" | "binary";
  text: string; // what to show
  size: number;
}

export function fromHex(hex: string): Uint8Array {
  const out = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Hex digits as people type them, with spaces; nothing if they are none. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, "");
  return /^([0-9a-f]{2})*$/i.test(digits) ? fromHex(digits) : undefined;
}

export const toHex = (data: Uint8Array) => Array.from(data, (b) => b.toString(16).padStart(2, "0")).join("");

export function decodeText(data: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function dump(data: Uint8Array) {
  const lines = [];
  for (let at = 0; at < Math.min(data.length, 4096); at += 16) {
    const row = data.subarray(at, at + 16);
    const hex = Array.from(row, (b) => b.toString(16).padStart(2, "0")).join(" ");
    const shown = Array.from(row, (b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : "·")).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(47)}  ${shown}`);
  }
  if (data.length > 4096) lines.push("…");
  return lines.join("\n");
}

export function payload(data: Uint8Array | number[] | undefined): Payload {
  const all = data instanceof Uint8Array ? data : Uint8Array.from(data ?? []);
  if (all.length === 0) return { kind: "empty", text: "", size: 0 };
  const text = decodeText(all);
  if (text === undefined) return { kind: "binary", text: dump(all), size: all.length };
  try {
    return { kind: "json", text: JSON.stringify(JSON.parse(text), null, 2), size: all.length };
  } catch {
    return { kind: "text", text, size: all.length };
  }
}
