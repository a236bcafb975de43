// The first page: is everything fine, and if not, what is it.

import { api, type Service } from "../data/api";
import { clock, count, plural } from "../data/format";
import { readRows, statusOf, statuses, type Invocation, type Status } from "../data/invocations";
import { eventOf, type EventRow } from "../data/journal";
import { useLoad } from "../data/load";
import { query, quote, quoteAll } from "../data/sql";
import { Card, Code, Empty, Failed, PageHead, Skeleton, statusHints, statusLabels, Tag } from "../parts/basics";
import { InvocationTable } from "../parts/invocation_table";
import { rowKeys, useKeys } from "../parts/keys";
import { href } from "../router";
import { typeLabels } from "./services";

type Counts = Partial<Record<Status, number>>;

interface Summary {
  all: Counts;
  services: Map<string, Counts>;
}

async function readSummary(signal: AbortSignal): Promise<Summary> {
  const rows = await query<Pick<Invocation, "status" | "completion_result"> & { service: string; n: number }>(
    "SELECT target_service_name AS service, status, completion_result, COUNT(*) AS n FROM sys_invocation " +
      "GROUP BY target_service_name, status, completion_result",
    signal,
  );
  const summary: Summary = { all: {}, services: new Map() };
  for (const row of rows) {
    const status = statusOf(row);
    const service = summary.services.get(row.service) ?? {};
    service[status] = (service[status] ?? 0) + row.n;
    summary.all[status] = (summary.all[status] ?? 0) + row.n;
    summary.services.set(row.service, service);
  }
  return summary;
}

interface Minute {
  at: number;
  good: number;
  bad: number;
}

const minutes = 60;

async function readHistory(signal: AbortSignal): Promise<Minute[]> {
  const last = Math.floor(Date.now() / 60_000) * 60_000;
  const first = last - (minutes - 1) * 60_000;
  const since = quote(new Date(first).toISOString());
  const rows = await query<{ bucket: number; good: number; bad: number }>(
    "SELECT to_unixtime(date_bin(INTERVAL '60 seconds', completed_at, TIMESTAMP '1970-01-01T00:00:00')) AS bucket, " +
      "COUNT(*) FILTER (WHERE completion_result = 'success') AS good, " +
      "COUNT(*) FILTER (WHERE completion_result = 'failure') AS bad FROM sys_invocation_status " +
      // The second of the two is what a server can tell without reading the whole row.
      `WHERE status = 'completed' AND completed_at >= ${since} AND modified_at >= ${since} GROUP BY bucket`,
    signal,
  );
  const found = new Map(rows.map((row) => [row.bucket * 1000, row]));
  return Array.from({ length: minutes }, (_, i) => {
    const at = first + i * 60_000;
    return { at, good: found.get(at)?.good ?? 0, bad: found.get(at)?.bad ?? 0 };
  });
}

async function readTroubles(signal: AbortSignal): Promise<Invocation[]> {
  const limit = 6;
  const [paused, failing] = await Promise.all([
    query<{ id: string }>(
      `SELECT id, modified_at FROM sys_invocation_status WHERE status = 'paused' ORDER BY modified_at DESC LIMIT ${limit}`, signal),
    query<{ id: string }>(
      `SELECT id, retry_count FROM sys_invocation_state WHERE in_flight = FALSE AND retry_count > 0 ORDER BY retry_count DESC LIMIT ${limit}`, signal),
  ]);
  const rows = await readRows([...paused, ...failing].slice(0, 8).map(({ id }) => id), signal);
  const found = rows.filter((row) => ["paused", "backing-off"].includes(row.status));
  await addCauses(found.filter((row) => row.status === "paused"), signal);
  return found;
}

/** A paused invocation has its last failure in an event only. */
async function addCauses(rows: Invocation[], signal: AbortSignal) {
  if (!rows.length) return;
  const events = await query<EventRow & { id: string }>(
    "SELECT id, appended_at, event_type, event_json FROM sys_journal_events " +
      `WHERE id IN (${quoteAll(rows.map(({ id }) => id))}) AND event_type = 'Paused' ORDER BY appended_at`,
    signal,
  );
  const causes = new Map(events.map((event) => [event.id, eventOf(event).failure?.error_message]));
  for (const row of rows) row.last_failure = causes.get(row.id);
}

/** Bars of an hour, drawn to the size of their box. */
function Chart({ history }: { history: Minute[] }) {
  const top = Math.max(...history.map(({ good, bad }) => good + bad));
  const sum = (pick: (minute: Minute) => number) => history.reduce((total, minute) => total + pick(minute), 0);
  const [good, bad] = [sum((m) => m.good), sum((m) => m.bad)];
  const text = `${plural(good, "success", "successes")} and ${plural(bad, "failure")} in the last hour`;
  const height = (n: number) => (top ? (n / top) * 100 : 0);
  return (
    <figure class="chart">
      <figcaption>
        <span><strong>{count(good)}</strong> succeeded</span>
        <span><strong>{count(bad)}</strong> failed</span>
        <span class="chart-top">{top ? `up to ${count(top)} a minute` : "nothing completed"}</span>
      </figcaption>
      <svg viewBox={`0 0 ${minutes * 10} 100`} preserveAspectRatio="none" role="img" aria-label={text}>
        {history.map((minute, i) => (
          <g key={minute.at}>
            <title>{`${clock(minute.at)}: ${minute.good} succeeded, ${minute.bad} failed`}</title>
            <rect class="chart-space" x={i * 10} y="0" width="10" height="100" />
            <rect class="chart-zero" x={i * 10 + 1.5} y="98.5" width="7" height="1.5" />
            <rect class="chart-good" x={i * 10 + 1.5} y={100 - height(minute.good)} width="7" height={height(minute.good)} />
            <rect class="chart-bad" x={i * 10 + 1.5} y={100 - height(minute.good + minute.bad)} width="7" height={height(minute.bad)} />
          </g>
        ))}
      </svg>
      <div class="chart-axis" aria-hidden="true">
        {[0, 15, 30, 45, 59].map((i) => <span key={i}>{clock(history[i].at)}</span>)}
      </div>
    </figure>
  );
}

function Tiles({ counts }: { counts: Counts | undefined }) {
  return (
    <ul class="tiles" aria-label="Invocations by status">
      {statuses.filter((status) => status !== "ready" || counts?.ready).map((status) => {
        const n = counts?.[status];
        return (
          <li key={status}>
            <a class={`tile status-${status}${n ? "" : " tile-zero"}`} href={href("/invocations", { status })} title={statusHints[status]}>
              <span class="tile-label"><span class="dot" aria-hidden="true" />{statusLabels[status]}</span>
              <span class="tile-number">{counts ? count(n ?? 0) : "–"}</span>
            </a>
          </li>
        );
      })}
    </ul>
  );
}

const busyStatuses: Status[] = ["running", "backing-off", "paused", "suspended", "pending", "scheduled"];

function ServiceRows({ services, summary }: { services: Service[]; summary: Summary | undefined }) {
  const sum = (counts: Counts | undefined, which: Status[]) => which.reduce((n, status) => n + (counts?.[status] ?? 0), 0);
  const number = (n: number) => <span class={n ? undefined : "muted"}>{summary ? count(n) : "–"}</span>;
  return (
    <table class="table table-stack table-thirds">
      <caption class="hidden">Services</caption>
      <thead>
        <tr>
          <th>Service</th>
          <th class="cell-number">Open</th>
          <th class="cell-number">Backing off</th>
          <th class="cell-number">Paused</th>
          <th class="cell-number">Succeeded</th>
          <th class="cell-number">Failed</th>
        </tr>
      </thead>
      <tbody>
        {services.map(({ name, ty, revision }) => {
          const counts = summary?.services.get(name);
          return (
            <tr key={name}>
              <td class="cell-target">
                <a class="row-link" href={href(`/services/${encodeURIComponent(name)}`)}>{name}</a>
                <span class="muted small">{typeLabels[ty]} · revision {revision}</span>
              </td>
              <td class="cell-number" data-label="Open">{number(sum(counts, busyStatuses))}</td>
              <td class="cell-number" data-label="Backing off">{number(counts?.["backing-off"] ?? 0)}</td>
              <td class="cell-number" data-label="Paused">{number(counts?.paused ?? 0)}</td>
              <td class="cell-number" data-label="Succeeded">{number(counts?.succeeded ?? 0)}</td>
              <td class="cell-number" data-label="Failed">{number(counts?.failed ?? 0)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Welcome() {
  return (
    <Card>
      <Empty icon="deployments" title="Nothing is registered yet"
        actions={<a class="button button-primary" href={href("/deployments", { register: "1" })}>Register a deployment</a>}>
        <p>Start a service with one of the SDKs, and tell this server where it listens. From then on its handlers can be called
          durably.</p>
        <Code text="restate deployments register http://localhost:9080" label="The same on the command line" />
      </Empty>
    </Card>
  );
}

export function OverviewPage() {
  const summary = useLoad(readSummary, [], { every: 4000 });
  const history = useLoad(readHistory, [], { every: 10_000 });
  const troubles = useLoad(readTroubles, [], { every: 5000 });
  const services = useLoad(() => api.services(), [], { every: 20_000 });
  const version = useLoad(() => api.version(), []);
  const ingress = version.value?.ingress_endpoint;
  useKeys({
    ...rowKeys,
    r: () => [summary, history, troubles, services].forEach(({ reload }) => reload()),
  });
  const nothing = services.value?.length === 0 && summary.value !== undefined && summary.value.services.size === 0;
  const error = summary.error ?? services.error ?? history.error ?? troubles.error;
  return (
    <>
      <PageHead title="Overview" sub={ingress ? <>Ingress at <span class="mono break">{ingress}</span></> : " "} />
      {error && <Failed error={error} retry={() => [summary, history, troubles, services].forEach(({ reload }) => reload())} />}
      {nothing ? <Welcome /> : (
        <>
          <Tiles counts={summary.value?.all} />
          <Card title="Completed in the last hour">
            {history.value ? <Chart history={history.value} /> : <div class="chart-wait">{!history.error && <Skeleton lines={4} height={24} />}</div>}
          </Card>
          <Card title="Needs attention" flush
            actions={(troubles.value?.length ?? 0) > 0 && <a href={href("/invocations", { status: "backing-off,paused" })}>Show all</a>}>
            {troubles.value === undefined ? <div class="card-body">{!troubles.error && <Skeleton lines={3} height={30} />}</div>
              : troubles.value.length === 0 ? <p class="all-well"><Tag tone="good">All well</Tag> No invocation is paused or failing.</p>
              : <InvocationTable rows={troubles.value} caption="Invocations that fail or are paused" />}
          </Card>
          <Card title="Services" flush actions={<a href={href("/services")}>Show all</a>}>
            {services.value === undefined ? <div class="card-body">{!services.error && <Skeleton lines={3} height={30} />}</div>
              : services.value.length === 0 ? (
                <Empty icon="services" title="No services" actions={<a class="button button-plain" href={href("/deployments", { register: "1" })}>Register a deployment</a>} />
              ) : <ServiceRows services={services.value} summary={summary.value} />}
          </Card>
        </>
      )}
    </>
  );
}

