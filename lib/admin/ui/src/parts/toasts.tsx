// Short messages about what has just been done. They are read out, and go away by themselves.

import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icons";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

let next = 1;
let toasts: Toast[] = [];
let changed: (() => void) | undefined;

function remove(id: number) {
  toasts = toasts.filter((toast) => toast.id !== id);
  changed?.();
}

export function toast(text: string, options: { bad?: boolean } = {}) {
  const id = next++;
  toasts = [...toasts.slice(-3), { id, text, bad: options.bad ?? false }];
  changed?.();
  setTimeout(() => remove(id), options.bad ? 10_000 : 5_000);
}

export function Toasts() {
  const [, render] = useState(0);
  useEffect(() => {
    changed = () => render((n) => n + 1);
    return () => (changed = undefined);
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, bad }) => (
        <div key={id} class={bad ? "toast toast-bad" : "toast"}>
          <Icon name={bad ? "warning" : "check"} />
          <span>{text}</span>
          <button type="button" onClick={() => remove(id)} aria-label="Dismiss"><Icon name="close" size={14} /></button>
        </div>
      ))}
    </div>
  );
}
