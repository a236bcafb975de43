// Where the page is: paths under /ui, made with the history API. The server answers each of them
// with the same page, so that an address can be shared.

import { useEffect, useState } from "preact/hooks";
import { apiBase } from "./data/base";

const uiBase = `${apiBase}/ui`;

export interface Place {
  path: string; // without the base, no slash at the end: "" is the overview
  params: URLSearchParams;
}

function here(): Place {
  const path = location.pathname.startsWith(uiBase) ? location.pathname.slice(uiBase.length) : "";
  return { path: path.replace(/\/+$/, ""), params: new URLSearchParams(location.search) };
}

const listeners = new Set<() => void>();
addEventListener("popstate", () => listeners.forEach((listener) => listener()));

/** The address of a place within the page. Parameters that are empty are left out. */
export function href(path: string, params?: Record<string, string | undefined> | URLSearchParams) {
  const search = new URLSearchParams();
  const entries = params instanceof URLSearchParams ? [...params] : Object.entries(params ?? {});
  for (const [name, value] of entries) if (value) search.append(name, value);
  const text = search.toString();
  return `${uiBase}${path || "/"}${text ? `?${text}` : ""}`;
}

export function navigate(to: string, options: { replace?: boolean } = {}) {
  const samePlace = to.split("?")[0] === location.pathname;
  history[options.replace ? "replaceState" : "pushState"](null, "", to);
  if (!samePlace) scrollTo(0, 0);
  listeners.forEach((listener) => listener());
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const listener = () => setPlace(here());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return place;
}

/** For clicks anywhere: links into the page do not load it again. */
export function followLinks(event: MouseEvent) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.("a");
  if (!link || link.target || link.hasAttribute("download")) return;
  const url = new URL(link.href, location.href);
  if (url.origin !== location.origin || !(url.pathname + "/").startsWith(`${uiBase}/`)) return;
  event.preventDefault();
  navigate(url.pathname + url.search);
}
