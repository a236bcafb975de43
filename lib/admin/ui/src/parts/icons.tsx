// Line drawings on a grid of 16. They only ever stand beside a text.

import type { JSX } from "preact";

const shapes = {
  overview: <path d="M2.5 9.5 8 3l5.5 6.5M4 8.5v4.5h8V8.5" />,
  invocations: <path d="M2.5 4h7M2.5 8h11M2.5 12h5M12 2.5 14 4l-2 1.5" />,
  services: <path d="m8 2 5.5 3v6L8 14l-5.5-3V5L8 2Zm0 6 5.5-3M8 8v6M8 8 2.5 5" />,
  deployments: <path d="M3 3h10v4H3zM3 9h10v4H3zM5.2 5h.1M5.2 11h.1" />,
  state: <path d="M13 4c0 1.1-2.2 2-5 2S3 5.1 3 4s2.2-2 5-2 5 .9 5 2Zm0 0v8c0 1.1-2.2 2-5 2s-5-.9-5-2V4m10 4c0 1.1-2.2 2-5 2S3 9.1 3 8" />,
  sql: <path d="m3 4 4 4-4 4M8.5 12H13" />,
  copy: <path d="M6 6h7.5v7.5H6zM10 6V2.5H2.5V10H6" />,
  check: <path d="m3 8.5 3.5 3.5L13 4.5" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  search: <path d="M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3 13.5 13.5" />,
  refresh: <path d="M13 8a5 5 0 1 1-1.6-3.7M13.2 2v3h-3" />,
  sun: <path d="M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7" />,
  moon: <path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z" />,
  system: <path d="M2.5 3h11v7.5h-11zM6 13.5h4M8 10.5v3" />,
  right: <path d="m6 3.5 4.5 4.5L6 12.5" />,
  left: <path d="M10 3.5 5.5 8l4.5 4.5" />,
  down: <path d="m3.5 6 4.5 4.5L12.5 6" />,
  plus: <path d="M8 3v10M3 8h10" />,
  warning: <path d="M8 2.5 14.5 13.5h-13L8 2.5ZM8 6.5v3.2M8 11.6v.1" />,
  info: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.3V11M8 5v.1" />,
  key: <path d="M5.5 13a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM7.3 8.7 13 3M11 5l1.8 1.8" />,
  help: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.2 6.3C6.2 5.3 7 4.7 8 4.7s1.8.6 1.8 1.6c0 1.2-1.8 1.3-1.8 2.5M8 11.2v.1" />,
  external: <path d="M6.5 3.5H3v9.5h9.5V9.5M9.5 2.5h4v4M13.5 2.5 8 8" />,
  trash: <path d="M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.5 8.5h6l.5-8.5" />,
  edit: <path d="M10.5 3 13 5.5 5.5 13H3v-2.5L10.5 3Z" />,
  play: <path d="m5 3 8 5-8 5V3Z" />,
} satisfies Record<string, JSX.Element>;

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {shapes[name]}
    </svg>
  );
}
