// Invocations as rows, on the list and on the overview.

import type { ComponentChildren } from "preact";
import { duration } from "../data/format";
import { elapsed, statusOf, type Invocation } from "../data/invocations";
import { href } from "../router";
import { CopyButton, StatusTag, Time, useNow } from "./basics";
import { shortId } from "../data/format";

export interface Selection {
  has: (id: string) => boolean;
  toggle: (id: string, on: boolean) => void;
  toggleAll: (on: boolean) => void;
}

/** The service, the key if there is one, and the handler. */
export function Target({ row }: { row: Pick<Invocation, "target_service_name" | "target_service_key" | "target_handler_name"> }) {
  return (
    <span class="target">
      <span>{row.target_service_name}</span>
      {row.target_service_key !== undefined && <span class="target-key">{row.target_service_key}</span>}
      <span class="target-handler">{row.target_handler_name}</span>
    </span>
  );
}

/** The first line of what went wrong. */
export function failureLine(row: Invocation): string {
  const text = row.completion_failure ?? (row.status === "completed" ? "" : row.last_failure ?? "");
  return text.split("\n")[0];
}

function Remark({ row, now }: { row: Invocation; now: number }) {
  const failure = failureLine(row);
  const status = statusOf(row);
  const parts: ComponentChildren[] = [];
  if (status === "scheduled" && row.scheduled_start_at) parts.push(<>starts <Time at={row.scheduled_start_at} now={now} /></>);
  if ((row.retry_count ?? 0) > 1) parts.push(`attempt ${row.retry_count}`);
  if (status === "backing-off" && row.next_retry_at && Date.parse(row.next_retry_at) > now) {
    parts.push(<>retries <Time at={row.next_retry_at} now={now} /></>);
  }
  return (
    <>
      {failure && <span class="remark-failure" title={failure}>{failure}</span>}
      {parts.length > 0 && <span class="remark-more">{parts.map((part, i) => <span key={i}>{i > 0 && " · "}{part}</span>)}</span>}
    </>
  );
}

export function InvocationTable({ rows, selection, caption }: { rows: Invocation[]; selection?: Selection; caption: string }) {
  const now = useNow();
  const all = selection && rows.length > 0 && rows.every((row) => selection.has(row.id));
  const some = selection && !all && rows.some((row) => selection.has(row.id));
  return (
    <table class="table table-invocations table-stack">
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          {selection && (
            <th class="cell-check">
              <input type="checkbox" aria-label="Select all rows of this page" checked={all}
                indeterminate={some ?? false}
                onChange={(event) => selection.toggleAll(event.currentTarget.checked)} />
            </th>
          )}
          <th class="cell-status">Status</th>
          <th>Target</th>
          <th class="cell-time">Created</th>
          <th class="cell-time">Duration</th>
          <th class="cell-remark">Remark</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const time = elapsed(row, now);
          return (
            <tr key={row.id} data-row class={selection?.has(row.id) ? "selected" : undefined}>
              {selection && (
                <td class="cell-check">
                  <input type="checkbox" aria-label={`Select ${row.target}`} checked={selection.has(row.id)}
                    onChange={(event) => selection.toggle(row.id, event.currentTarget.checked)} />
                </td>
              )}
              <td class="cell-status"><StatusTag status={statusOf(row)} /></td>
              <td class="cell-target">
                <a class="row-link" data-row-link href={href(`/invocations/${row.id}`)}><Target row={row} /></a>
                <span class="id id-sub"><span title={row.id}>{shortId(row.id)}</span><CopyButton text={row.id} label="Copy id" /></span>
              </td>
              <td class="cell-time" data-label="Created"><Time at={row.created_at} now={now} /></td>
              <td class="cell-time" data-label="Duration">{time === undefined ? "–" : duration(time)}</td>
              <td class="cell-remark"><Remark row={row} now={now} /></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
