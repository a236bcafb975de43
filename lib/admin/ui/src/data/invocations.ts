// Invocations: their rows, the filters of the list as SQL, and what may be done to them.

import { call } from "./api";
import { containing, query, quote, quoteAll } from "./sql";

export type Status =
  | "pending" | "scheduled" | "ready" | "running" | "backing-off" | "suspended" | "paused"
  | "succeeded" | "failed";

/** In the order in which the page lists them: first what somebody may have to look at. */
export const statuses: Status[] = [
  "running", "backing-off", "paused", "suspended", "pending", "scheduled", "ready", "succeeded", "failed",
];

export interface Invocation {
  id: string;
  target: string;
  target_service_name: string;
  target_service_key?: string;
  target_handler_name: string;
  target_service_ty: "service" | "virtual_object" | "workflow";
  status: string;
  completion_result?: "success" | "failure";
  completion_failure?: string;
  created_at: string;
  modified_at?: string;
  inboxed_at?: string;
  scheduled_at?: string;
  scheduled_start_at?: string;
  running_at?: string;
  completed_at?: string;
  retry_count?: number;
  next_retry_at?: string;
  last_start_at?: string;
  last_failure?: string;
  last_failure_error_code?: string;
  last_failure_related_command_index?: number;
  last_failure_related_command_name?: string;
  last_failure_related_command_type?: string;
  last_attempt_deployment_id?: string;
  last_attempt_server?: string;
  pinned_deployment_id?: string;
  pinned_service_protocol_version?: number;
  idempotency_key?: string;
  invoked_by?: string;
  invoked_by_id?: string;
  invoked_by_target?: string;
  invoked_by_subscription_id?: string;
  restarted_from?: string;
  journal_size?: number;
  journal_commands_size?: number;
  completion_retention?: string;
  journal_retention?: string;
  trace_id?: string;
  scope?: string;
  limit_key?: string;
}

export function statusOf(row: Pick<Invocation, "status" | "completion_result">): Status {
  if (row.status === "completed") return row.completion_result === "failure" ? "failed" : "succeeded";
  return row.status as Status;
}

export const isDone = (status: Status) => status === "succeeded" || status === "failed";

/** How long it has been at it, from when it was due; nothing before that. */
export function elapsed(row: Invocation, now: number): number | undefined {
  const start = Date.parse(row.scheduled_start_at ?? row.created_at);
  if (row.status === "scheduled") return undefined;
  return (row.completed_at ? Date.parse(row.completed_at) : now) - start;
}

// --- The list ---

export type Order = "newest" | "oldest" | "changed";

export interface Filter {
  statuses: Status[]; // none: all
  service: string;
  handler: string;
  deployment: string;
  search: string; // an id, or a part of the target
  within: string; // a key of `spans`
  order: Order;
}

export const spans: Record<string, { label: string; ms: number }> = {
  "5m": { label: "Last 5 minutes", ms: 300_000 },
  "1h": { label: "Last hour", ms: 3_600_000 },
  "24h": { label: "Last 24 hours", ms: 86_400_000 },
  "7d": { label: "Last 7 days", ms: 7 * 86_400_000 },
};

export function filterFrom(params: URLSearchParams): Filter {
  const wanted = (params.get("status") ?? "").split(",").filter((s): s is Status => statuses.includes(s as Status));
  const order = params.get("order");
  return {
    statuses: wanted,
    service: params.get("service") ?? "",
    handler: params.get("handler") ?? "",
    deployment: params.get("deployment") ?? "",
    search: params.get("search") ?? "",
    within: params.get("within") ?? "",
    order: order === "oldest" || order === "changed" ? order : "newest",
  };
}

export function filterParams(filter: Filter): Record<string, string> {
  return {
    status: filter.statuses.join(","),
    service: filter.service,
    handler: filter.handler,
    deployment: filter.deployment,
    search: filter.search,
    within: filter.within,
    order: filter.order === "newest" ? "" : filter.order,
  };
}

/** Where a page begins: after this row. */
export interface Cursor {
  moment: string;
  id: string;
}

// Some words come from memory: a row is `invoked`, and its attempt makes it one of these three.
const needsMemory: Status[] = ["running", "backing-off", "ready"];

function usesMemory(filter: Filter) {
  return filter.statuses.some((status) => needsMemory.includes(status));
}

const source = (filter: Filter) => `${usesMemory(filter) ? "sys_invocation" : "sys_invocation_status"} ss`;

// Terms of the form `column = constant` and `column IN (constants)`, joined by AND: a server can tell by
// them what it need not read.
function statusTerms(filter: Filter): string[] {
  const all = filter.statuses;
  if (!all.length) return [];
  const words = new Set(all.map((status) => {
    if (isDone(status)) return "completed";
    return status === "pending" && !usesMemory(filter) ? "inboxed" : status;
  }));
  const terms = [`ss.status IN (${quoteAll([...words])})`];
  if (all.includes("succeeded") !== all.includes("failed")) {
    const result = `ss.completion_result = '${all.includes("failed") ? "failure" : "success"}'`;
    terms.push(words.size === 1 ? result : `(ss.status <> 'completed' OR ${result})`);
  }
  return terms;
}

function where(filter: Filter, now: number): string[] {
  const terms = statusTerms(filter);
  if (filter.service) terms.push(`ss.target_service_name = ${quote(filter.service)}`);
  if (filter.handler) terms.push(`ss.target_handler_name = ${quote(filter.handler)}`);
  if (filter.deployment) terms.push(`ss.pinned_deployment_id = ${quote(filter.deployment)}`);
  const search = filter.search.trim();
  if (/^inv_\w{10,}$/.test(search)) terms.push(`ss.id = ${quote(search)}`);
  else if (search) {
    terms.push(`(ss.target LIKE ${containing(search)} OR ss.id LIKE ${containing(search)} OR ss.idempotency_key = ${quote(search)})`);
  }
  const span = spans[filter.within];
  // In steps of a minute, so that the statement of the next refresh is the same one.
  if (span) terms.push(`ss.created_at >= ${quote(new Date(Math.floor((now - span.ms) / 60_000) * 60_000).toISOString())}`);
  return terms;
}

const clause = (terms: string[]) => (terms.length ? ` WHERE ${terms.join(" AND ")}` : "");

/** The ids of one page, and where the next begins. Reads three columns of each row, never all. */
export function pageSql(filter: Filter, cursor: Cursor | undefined, limit: number, now: number): string {
  const column = filter.order === "changed" ? "ss.modified_at" : "ss.created_at";
  const [compare, direction] = filter.order === "oldest" ? [">", "ASC"] : ["<", "DESC"];
  const terms = where(filter, now);
  if (cursor) {
    const moment = quote(cursor.moment);
    terms.push(`${column} ${compare}= ${moment}`, `(${column} ${compare} ${moment} OR ss.id ${compare} ${quote(cursor.id)})`);
  }
  return (
    `SELECT ss.id AS id, ${column} AS moment FROM ${source(filter)}${clause(terms)} ` +
    `ORDER BY moment ${direction}, id ${direction} LIMIT ${limit}`
  );
}

export const countSql = (filter: Filter, now: number) =>
  `SELECT COUNT(*) AS n FROM ${source(filter)}${clause(where(filter, now))}`;

const listColumns =
  "id, target, target_service_name, target_service_key, target_handler_name, target_service_ty, status, " +
  "completion_result, completion_failure, created_at, modified_at, scheduled_start_at, running_at, completed_at, " +
  "retry_count, next_retry_at, last_failure, pinned_deployment_id";

export async function readRows(ids: string[], signal?: AbortSignal): Promise<Invocation[]> {
  if (!ids.length) return [];
  const rows = await query<Invocation>(
    `SELECT ${listColumns} FROM sys_invocation WHERE id IN (${quoteAll(ids)})`,
    signal,
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  // A row may have gone since its id was found.
  return ids.flatMap((id) => byId.get(id) ?? []);
}

export interface Page {
  rows: Invocation[];
  next?: Cursor;
}

export async function readPage(filter: Filter, cursor: Cursor | undefined, size: number, signal?: AbortSignal): Promise<Page> {
  const found = await query<Cursor>(pageSql(filter, cursor, size + 1, Date.now()), signal);
  const ids = found.slice(0, size).map((row) => row.id);
  return { rows: await readRows(ids, signal), next: found.length > size ? found[size - 1] : undefined };
}

/** The ids of everything that the filter finds, in pieces of at most 1000. */
export async function* matchingIds(filter: Filter): AsyncGenerator<string[]> {
  // From the oldest on: what an operation changes is behind the cursor, and what arrives is after it.
  const ordered: Filter = { ...filter, order: "oldest" };
  const now = Date.now();
  let cursor: Cursor | undefined;
  for (;;) {
    const found = await query<Cursor>(pageSql(ordered, cursor, 1000, now));
    if (found.length) yield found.map((row) => row.id);
    if (found.length < 1000) return;
    cursor = found.at(-1);
  }
}

// --- Operations ---

export type Operation = "cancel" | "kill" | "pause" | "resume" | "restart-as-new" | "purge" | "purge-journal";

const open: Status[] = ["pending", "scheduled", "ready", "running", "backing-off", "suspended", "paused"];
const allowed: Record<Operation, Status[]> = {
  cancel: open,
  kill: open,
  pause: ["ready", "running", "backing-off"],
  resume: ["paused", "backing-off"],
  "restart-as-new": ["succeeded", "failed"],
  purge: ["succeeded", "failed"],
  "purge-journal": ["succeeded", "failed"],
};

export function mayDo(operation: Operation, row: Pick<Invocation, "status" | "completion_result" | "target_service_ty">) {
  if (operation === "restart-as-new" && row.target_service_ty === "workflow") return false;
  return allowed[operation].includes(statusOf(row));
}

export interface OperationOptions {
  deployment?: string; // resume, restart-as-new: keep, latest, or an id
  from?: number; // restart-as-new of one: the last journal entry to keep
}

/** The new id, if the operation makes one. */
export async function operate(id: string, operation: Operation, options: OperationOptions = {}) {
  const params = new URLSearchParams();
  if (options.deployment) params.set("deployment", options.deployment);
  if (options.from !== undefined) params.set("from", String(options.from));
  const search = params.size ? `?${params}` : "";
  const answer = await call<{ new_invocation_id?: string } | undefined>(
    "PATCH",
    `/invocations/${encodeURIComponent(id)}/${operation}${search}`,
  );
  return answer?.new_invocation_id;
}

export interface BatchResult {
  succeeded: number;
  failed: { invocation_id: string; error: string }[];
}

export async function operateAll(ids: string[], operation: Operation, options: OperationOptions = {}): Promise<BatchResult> {
  const answer = await call<{ succeeded: unknown[]; failed: BatchResult["failed"] }>(
    "POST",
    `/internal/invocations_batch_operations/${operation}`,
    { body: { invocation_ids: ids, ...(options.deployment && { deployment: options.deployment }) } },
  );
  return { succeeded: answer.succeeded.length, failed: answer.failed };
}
