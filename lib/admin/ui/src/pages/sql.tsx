// A console for statements over the introspection tables.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError } from "../data/api";
import { count, duration, plural } from "../data/format";
import { queryConsole, type Row } from "../data/sql";
import { Button, Card, Empty, Failed, PageHead } from "../parts/basics";
import { href, navigate } from "../router";
import { tables } from "./tables";

const examples: [string, string][] = [
  ["Latest invocations", "SELECT id, target, status, created_at\nFROM sys_invocation\nORDER BY created_at DESC\nLIMIT 20"],
  ["What fails most", "SELECT target, last_failure_error_code, COUNT(*) AS failing, MAX(retry_count) AS attempts\nFROM sys_invocation\nWHERE status = 'backing-off'\nGROUP BY target, last_failure_error_code\nORDER BY failing DESC"],
  ["By service and status", "SELECT target_service_name, status, COUNT(*) AS invocations\nFROM sys_invocation\nGROUP BY target_service_name, status\nORDER BY target_service_name, status"],
  ["Largest state", "SELECT service_name, service_key, SUM(value_length) AS bytes\nFROM state\nGROUP BY service_name, service_key\nORDER BY bytes DESC\nLIMIT 20"],
  ["Busy keys", "SELECT service_name, service_key, COUNT(*) AS waiting\nFROM sys_inbox\nGROUP BY service_name, service_key\nORDER BY waiting DESC\nLIMIT 20"],
];

const historyKey = "restate.sql";
const shownAtFirst = 200;

function readHistory(): string[] {
  try {
    const list = JSON.parse(localStorage.getItem(historyKey) ?? "[]") as unknown;
    return Array.isArray(list) ? list.filter((text) => typeof text === "string") : [];
  } catch {
    return [];
  }
}

function remember(text: string): string[] {
  const list = [text, ...readHistory().filter((other) => other !== text)].slice(0, 20);
  try {
    localStorage.setItem(historyKey, JSON.stringify(list));
  } catch {
    // It is a convenience.
  }
  return list;
}

/** Columns in the order in which they first occur: a row leaves out what it has no value for. */
function columnsOf(rows: Row[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const name in row) names.add(name);
  return [...names];
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Cell({ value }: { value: unknown }) {
  if (value === undefined || value === null) return <span class="muted">null</span>;
  const text = cellText(value);
  if (/^inv_\w+$/.test(text)) return <a href={href(`/invocations/${text}`)}>{text}</a>;
  if (/^dp_\w+$/.test(text)) return <a href={href(`/deployments/${text}`)}>{text}</a>;
  return <>{text.length > 300 ? `${text.slice(0, 300)}…` : text}</>;
}

function csv(columns: string[], rows: Row[]) {
  const field = (value: unknown) => {
    const text = cellText(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(field).join(","), ...rows.map((row) => columns.map((name) => field(row[name])).join(","))].join("\r\n") + "\r\n";
}

function download(name: string, type: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function Result({ rows, took }: { rows: Row[]; took: number }) {
  const columns = useMemo(() => columnsOf(rows), [rows]);
  const numeric = useMemo(() => new Set(columns.filter((name) => rows.slice(0, 50).every((row) => row[name] === undefined || typeof row[name] === "number"))), [rows]);
  const [limit, setLimit] = useState(shownAtFirst);
  useEffect(() => setLimit(shownAtFirst), [rows]);
  return (
    <Card flush title={<>{plural(rows.length, "row")} <span class="muted normal">in {duration(took)}</span></>}
      actions={rows.length > 0 && (
        <span class="pager-buttons">
          <Button small look="quiet" onClick={() => download("result.csv", "text/csv", csv(columns, rows))}>CSV</Button>
          <Button small look="quiet" onClick={() => download("result.json", "application/json", JSON.stringify(rows, null, 2))}>JSON</Button>
        </span>
      )}>
      {rows.length === 0 ? <Empty icon="sql" title="No rows">The statement is fine, and finds nothing.</Empty> : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Result">
          <table class="table table-result">
            <caption class="hidden">Result</caption>
            <thead><tr>{columns.map((name) => <th key={name} class={numeric.has(name) ? "cell-number" : undefined}>{name}</th>)}</tr></thead>
            <tbody>
              {rows.slice(0, limit).map((row, i) => (
                <tr key={i}>{columns.map((name) => <td key={name} class={numeric.has(name) ? "cell-number" : undefined}><Cell value={row[name]} /></td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > limit && (
        <div class="pager">
          <span class="muted">{count(limit)} of {count(rows.length)}</span>
          <Button onClick={() => setLimit(limit + 1000)}>Show more</Button>
        </div>
      )}
    </Card>
  );
}

export function SqlPage({ params }: { params: URLSearchParams }) {
  const asked = params.get("q");
  const [text, setText] = useState(asked ?? readHistory()[0] ?? examples[0][1]);
  const [history, setHistory] = useState(readHistory);
  const [result, setResult] = useState<{ rows: Row[]; took: number }>();
  const [error, setError] = useState<ApiError>();
  const aborter = useRef<AbortController>();
  const [busy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => () => aborter.current?.abort(), []);
  useEffect(() => {
    if (asked !== null) setText(asked);
  }, [asked]);

  const run = async (sql = text) => {
    if (!sql.trim()) return;
    aborter.current?.abort();
    const own = new AbortController();
    aborter.current = own;
    setBusy(true);
    setError(undefined);
    const begin = performance.now();
    try {
      const rows = await queryConsole(sql, own.signal);
      setResult({ rows, took: performance.now() - begin });
      setHistory(remember(sql.trim()));
      navigate(href("/sql", { q: sql }), { replace: true });
    } catch (problem) {
      if (own.signal.aborted) return;
      setResult(undefined);
      setError(problem instanceof ApiError ? problem : new ApiError(0, null, String((problem as Error).message ?? problem)));
    } finally {
      if (aborter.current === own) setBusy(false);
    }
  };
  const use = (sql: string) => {
    setText(sql);
    area.current?.focus();
  };
  const stop = () => {
    aborter.current?.abort();
    setBusy(false);
  };
  return (
    <>
      <PageHead title="SQL" sub="Ask the server about itself. Statements only read" />
      <div class="sql">
        <div class="sql-main">
          <form class="card sql-editor" onSubmit={(event) => {
            event.preventDefault();
            void run();
          }}>
            <textarea ref={area} data-search aria-label="SQL statement" spellcheck={false} rows={7} value={text}
              onInput={(event) => setText(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                  event.preventDefault();
                  void run();
                }
              }} />
            <div class="sql-bar">
              <select aria-label="Examples and history" value="" onChange={(event) => {
                use(event.currentTarget.value);
                event.currentTarget.value = "";
              }}>
                <option value="">Examples and history</option>
                <optgroup label="Examples">
                  {examples.map(([title, sql]) => <option key={title} value={sql}>{title}</option>)}
                </optgroup>
                {history.length > 0 && (
                  <optgroup label="History">
                    {history.map((sql) => <option key={sql} value={sql}>{sql.replace(/\s+/g, " ").slice(0, 70)}</option>)}
                  </optgroup>
                )}
              </select>
              <span class="sql-run">
                <span class="muted small hint-keys"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span>
                {busy && <Button onClick={stop}>Stop</Button>}
                <Button type="submit" look="primary" icon="play" busy={busy}>Run</Button>
              </span>
            </div>
          </form>
          {error && <Failed error={error} what="The statement failed" />}
          {result && <Result {...result} />}
        </div>
        <Card title="Tables" class="sql-tables">
          {tables.map(({ name, columns }) => (
            <details key={name} class="table-item">
              <summary><code>{name}</code></summary>
              <ul>
                {columns.map((column) => <li key={column}><code>{column}</code></li>)}
              </ul>
              <Button small look="quiet" onClick={() => use(`SELECT *\nFROM ${name}\nLIMIT 20`)}>Use in a statement</Button>
            </details>
          ))}
        </Card>
      </div>
    </>
  );
}
