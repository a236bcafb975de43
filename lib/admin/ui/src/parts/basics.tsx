// The small things that every page is made of.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ApiError } from "../data/api";
import { absolute, relative, shortId } from "../data/format";
import type { Status } from "../data/invocations";
import { href } from "../router";
import { Icon, type IconName } from "./icons";

type ButtonProps = Omit<JSX.IntrinsicElements["button"], "size" | "icon"> & {
  look?: "primary" | "plain" | "quiet" | "danger";
  icon?: IconName;
  small?: boolean;
  busy?: boolean;
};

export function Button({ look = "plain", icon, small, busy, children, class: extra, disabled, ...rest }: ButtonProps) {
  const name = `button button-${look}${small ? " button-small" : ""}${children ? "" : " button-icon"} ${extra ?? ""}`;
  return (
    <button type="button" {...rest} class={name.trim()} disabled={disabled || busy} aria-busy={busy || undefined}>
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export const statusLabels: Record<Status, string> = {
  running: "Running",
  "backing-off": "Backing off",
  paused: "Paused",
  suspended: "Suspended",
  pending: "Pending",
  scheduled: "Scheduled",
  ready: "Ready",
  succeeded: "Succeeded",
  failed: "Failed",
};

export const statusHints: Record<Status, string> = {
  running: "An attempt is executing now",
  "backing-off": "The last attempt failed; the next one is due soon",
  paused: "Retries are used up, or somebody paused it; it waits for a person",
  suspended: "Waits for a result, a timer or a signal without using resources",
  pending: "Waits until its key is free",
  scheduled: "Starts at a later time",
  ready: "About to start",
  succeeded: "Completed with a result",
  failed: "Completed with a failure",
};

export function StatusTag({ status }: { status: Status }) {
  return (
    <span class={`tag status-${status}`} title={statusHints[status]}>
      <span class="dot" aria-hidden="true" />
      {statusLabels[status] ?? status}
    </span>
  );
}

export function Tag({ children, title, tone }: { children: ComponentChildren; title?: string; tone?: "good" | "warn" | "bad" }) {
  return (
    <span class={`tag tag-plain${tone ? ` tag-${tone}` : ""}`} title={title}>
      {children}
    </span>
  );
}

/** The time, once a second, for texts such as "5 s ago". */
export function useNow(every = 1000) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function Time({ at, now }: { at: string | number | undefined; now: number }) {
  if (at === undefined) return <span class="muted">–</span>;
  const time = typeof at === "number" ? at : Date.parse(at);
  return (
    <time dateTime={new Date(time).toISOString()} title={absolute(time)}>
      {relative(time, now)}
    </time>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class="copy" onClick={copy} aria-label={done ? "Copied" : label} title={done ? "Copied" : label}>
      <Icon name={done ? "check" : "copy"} size={14} />
    </button>
  );
}

async function copyText(text: string) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages without https have no clipboard of the modern kind.
    const area = document.createElement("textarea");
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function Id({ id, short, link = true }: { id: string; short?: boolean; link?: boolean }) {
  const text = short ? shortId(id) : id;
  const to = id.startsWith("inv_") ? href(`/invocations/${id}`) : id.startsWith("dp_") ? href(`/deployments/${id}`) : undefined;
  return (
    <span class="id">
      {link && to ? <a href={to} title={id}>{text}</a> : <span title={id}>{text}</span>}
      <CopyButton text={id} label="Copy id" />
    </span>
  );
}

export function Code({ text, label, wrap = true }: { text: string; label: string; wrap?: boolean }) {
  return (
    <div class="code">
      <pre class={wrap ? "wrap" : ""} tabIndex={0} aria-label={label}>{text}</pre>
      <CopyButton text={text} label={`Copy: ${label}`} />
    </div>
  );
}

export function PageHead({ title, sub, children }: { title: ComponentChildren; sub?: ComponentChildren; children?: ComponentChildren }) {
  return (
    <header class="page-head">
      <div class="page-title">
        <h1>{title}</h1>
        {sub && <p class="page-sub">{sub}</p>}
      </div>
      {children && <div class="page-actions">{children}</div>}
    </header>
  );
}

export function Card({ title, actions, children, flush, class: extra }: {
  title?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
  flush?: boolean;
  class?: string;
}) {
  const id = useId();
  return (
    <section class={`card ${extra ?? ""}`} aria-labelledby={title ? id : undefined}>
      {title && (
        <div class="card-head">
          <h2 id={id}>{title}</h2>
          {actions}
        </div>
      )}
      <div class={flush ? "card-flush" : "card-body"}>{children}</div>
    </section>
  );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.filter(([, value]) => value !== undefined && value !== null && value !== false).map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Empty({ icon, title, children, actions }: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <span class="empty-icon"><Icon name={icon} size={22} /></span>
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
      {actions && <div class="empty-actions">{actions}</div>}
    </div>
  );
}

export function Failed({ error, retry, what }: { error: ApiError; retry?: () => void; what?: string }) {
  return (
    <div class="notice notice-bad" role="alert">
      <Icon name="warning" />
      <div class="notice-text">
        <strong>{what ?? (error.status === 0 ? "No answer" : "That did not work")}</strong>
        <span>{error.code ? `${error.code}: ` : ""}{error.message}</span>
      </div>
      {retry && <Button small onClick={retry}>Try again</Button>}
    </div>
  );
}

export function Notice({ tone = "info", title, children, actions }: {
  tone?: "info" | "warn" | "bad" | "good";
  title?: string;
  children: ComponentChildren;
  actions?: ComponentChildren;
}) {
  return (
    <div class={`notice notice-${tone}`}>
      <Icon name={tone === "info" ? "info" : tone === "good" ? "check" : "warning"} />
      <div class="notice-text">
        {title && <strong>{title}</strong>}
        <span>{children}</span>
      </div>
      {actions}
    </div>
  );
}

/** Grey lines in the shape of what is to come, so that nothing moves when it does. */
export function Skeleton({ lines = 3, height = 20 }: { lines?: number; height?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} style={{ height: `${height}px`, width: `${92 - ((i * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

export function Field({ label, hint, error, children }: {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  children: (id: string, describedBy: string | undefined) => ComponentChildren;
}) {
  const id = useId();
  const hintId = hint || error ? `${id}-hint` : undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id, hintId)}
      {(hint || error) && (
        <p id={hintId} class={error ? "field-error" : "field-hint"} role={error ? "alert" : undefined}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

export function Check({ label, hint, checked, onChange }: {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (on: boolean) => void;
}) {
  const id = useId();
  return (
    <div class="check">
      <input id={id} type="checkbox" checked={checked} aria-describedby={hint && `${id}-hint`}
        onChange={(event) => onChange(event.currentTarget.checked)} />
      <div>
        <label for={id}>{label}</label>
        {hint && <p id={`${id}-hint`} class="check-hint">{hint}</p>}
      </div>
    </div>
  );
}

/** A modal window. The element itself keeps the focus inside, and gives it back. */
export function Dialog({ title, onClose, children, footer, wide, onSubmit }: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  footer: ComponentChildren;
  wide?: boolean;
  onSubmit?: () => void;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current!;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog
      ref={ref}
      class={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === ref.current && onClose()}
    >
      <form class="dialog-form" method="dialog" onSubmit={submit}>
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <Button look="quiet" icon="close" aria-label="Close" onClick={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        <footer class="dialog-foot">{footer}</footer>
      </form>
    </dialog>
  );
}
