// Shortcuts. One key, or `g` and another one; never while somebody types.

import { useEffect, useRef } from "preact/hooks";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

let prefix = "";
let prefixTimer: ReturnType<typeof setTimeout> | undefined;
const layers: { current: Keys }[] = [];

function typing(target: EventTarget | null) {
  return (
    target instanceof HTMLInputElement && !["checkbox", "radio"].includes(target.type) ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  );
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const name = prefix ? `${prefix} ${event.key}` : event.key;
  clearTimeout(prefixTimer);
  prefix = "";
  for (let i = layers.length - 1; i >= 0; i--) {
    const run = layers[i].current[name];
    if (!run) continue;
    event.preventDefault();
    run(event);
    return;
  }
  if (event.key === "g") {
    prefix = "g";
    prefixTimer = setTimeout(() => (prefix = ""), 1200);
  }
});

/** Bound as long as the component is there; the newest layer wins. */
export function useKeys(keys: Keys) {
  const ref = useRef(keys);
  ref.current = keys;
  useEffect(() => {
    layers.push(ref);
    return () => void layers.splice(layers.indexOf(ref), 1);
  }, []);
}

/** j and k through the rows of a list, as `data-row` marks them; Enter follows its link. */
export const rowKeys: Keys = {
  j: () => moveRow(1),
  k: () => moveRow(-1),
};

function moveRow(step: number) {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const index = now < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, now + step));
  const row = rows[index];
  (row.querySelector<HTMLElement>("[data-row-link]") ?? row).focus();
  row.scrollIntoView({ block: "nearest" });
}
