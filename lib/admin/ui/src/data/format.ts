// How numbers, times and sizes read.

const numbers = new Intl.NumberFormat("en-US");

export const count = (n: number) => numbers.format(n);
export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** 850 ms, 1.2 s, 3 m 05 s, 2 h 10 m, 4 d 3 h; a round hour or day alone. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, "0")} s`;
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} m` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

/** "5 s ago", "in 14 m", "3 h ago", "just now": as coarse as it can be without being wrong. */
export function relative(time: number, now: number): string {
  const ms = now - time;
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 2) return "just now";
  const [size, unit] = seconds < 60 ? [1, "s"] : seconds < 3600 ? [60, "m"] : seconds < 86_400 ? [3600, "h"] : [86_400, "d"];
  const text = `${Math.floor(seconds / size)} ${unit}`;
  return ms > 0 ? `${text} ago` : `in ${text}`;
}

export function absolute(time: number): string {
  const date = new Date(time);
  const two = (n: number, width = 2) => String(n).padStart(width, "0");
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`
  );
}

export const clock = (time: number) => absolute(time).slice(11, 16);

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  for (const unit of ["KiB", "MiB", "GiB"]) {
    n /= 1024;
    if (n < 1024 || unit === "GiB") return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${unit}`;
  }
  return "";
}

/** A duration of SQL, PT86400S, in milliseconds. */
export function isoSeconds(text: string | undefined): number | undefined {
  const match = /^(-?)PT([\d.]+)S$/.exec(text ?? "");
  if (match) return (match[1] ? -1 : 1) * Number(match[2]) * 1000;
  return text === "P0D" ? 0 : undefined;
}

/** An id that fits a narrow column: its kind, its beginning, its end. */
export const shortId = (id: string) => (id.length > 20 ? `${id.slice(0, 9)}…${id.slice(-6)}` : id);
