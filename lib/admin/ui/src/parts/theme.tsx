// Light, dark, or as the system has it.

import { useState } from "preact/hooks";
import { Button } from "./basics";

type Theme = "system" | "light" | "dark";
const order: Theme[] = ["system", "light", "dark"];

function chosen(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function ThemeButton() {
  const [theme, setTheme] = useState(chosen);
  const next = order[(order.indexOf(theme) + 1) % order.length];
  const change = () => {
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("restate.theme", next);
    } catch {
      // It holds for this page, then.
    }
    setTheme(next);
  };
  const icon = theme === "light" ? "sun" : theme === "dark" ? "moon" : "system";
  const text = `Theme: ${theme}. Change to ${next}`;
  return <Button look="quiet" icon={icon} onClick={change} aria-label={text} title={text} />;
}
