// One invocation: what it is, how it went, and what can be done about it.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { absolute, bytes, duration, isoSeconds, plural, relative } from "../data/format";
import { elapsed, isDone, mayDo, statusOf, type Invocation, type Operation } from "../data/invocations";
import { details, timeline, type Detail, type EventRow, type JournalEvent, type JournalRow, type Step, type TimelineItem } from "../data/journal";
import { useLoad } from "../data/load";
import { payload } from "../data/payload";
import { query, quote } from "../data/sql";
import { Button, Card, Code, Empty, Facts, Failed, Id, Notice, PageHead, Skeleton, StatusTag, Tag, Time, useNow } from "../parts/basics";
import { Icon } from "../parts/icons";
import { Target } from "../parts/invocation_table";
import { useKeys } from "../parts/keys";
import { OperationDialog, operations, type Subject } from "../parts/operations";
import { href } from "../router";

const chunk = 500;
const eventLimit = 1000;

async function readInvocation(id: string, signal: AbortSignal) {
  return (await query<Invocation>(`SELECT * FROM sys_invocation WHERE id = ${quote(id)}`, signal))[0] ?? null;
}

async function readJournal(id: string, upTo: number, signal: AbortSignal) {
  const [rows, events] = await Promise.all([
    query<JournalRow>(
      "SELECT index, entry_type, name, raw_length, entry_lite_json, appended_at FROM sys_journal " +
        `WHERE id = ${quote(id)} AND index < ${upTo} ORDER BY index`,
      signal,
    ),
    query<EventRow>(
      "SELECT after_journal_entry_index, appended_at, event_type, event_json FROM sys_journal_events " +
        `WHERE id = ${quote(id)} ORDER BY appended_at DESC LIMIT ${eventLimit}`,
      signal,
    ),
  ]);
  return { rows, items: timeline(rows, events.reverse()) };
}

async function readEntries(id: string, indexes: number[], signal: AbortSignal) {
  return query<{ index: number; entry_json?: string }>(
    `SELECT index, entry_json FROM sys_journal WHERE id = ${quote(id)} AND index IN (${indexes.join(", ")}) ORDER BY index`,
    signal,
  );
}

// --- Payloads ---

export function Bytes({ data, label }: { data: number[] | Uint8Array; label: string }) {
  const { kind, text, size } = payload(data);
  if (kind === "empty") return <p class="muted">Empty</p>;
  return (
    <>
      <Code text={text} label={label} />
      <p class="code-note">{kind === "json" ? "JSON" : kind === "text" ? "Text" : "Binary"} · {bytes(size)}</p>
    </>
  );
}

function DetailView({ detail }: { detail: Detail }) {
  return (
    <div class="detail">
      <h4>{detail.label}</h4>
      {detail.bytes ? <Bytes data={detail.bytes} label={detail.label} />
        : detail.failure ? <p class="failure-text"><Tag tone="bad">{detail.failure.code}</Tag> {detail.failure.message}</p>
        : detail.value?.startsWith("inv_") ? <Id id={detail.value} />
        : <p class="mono break pre">{detail.value}</p>}
    </div>
  );
}

// --- The timeline ---

interface Span {
  begin: number;
  end: number;
}

/** Where a moment lies, in percent of the whole. */
const position = (at: number, { begin, end }: Span) =>
  Math.min(100, Math.max(0, ((at - begin) / Math.max(1, end - begin)) * 100));

function Bar({ from, to, span, tone, open }: { from: number; to: number; span: Span; tone: string; open?: boolean }) {
  const left = position(from, span);
  const width = position(to, span) - left;
  return (
    <span class={`bar bar-${tone}${open ? " bar-open" : ""}`}
      style={{ left: `min(${left}%, calc(100% - 4px))`, width: `max(4px, ${width}%)` }} />
  );
}

function StepRow({ id, step, span, now, retrying, restart }: {
  id: string;
  step: Step;
  span: Span;
  now: number;
  retrying: boolean; // what is not done yet was tried, and failed
  restart?: (step: Step) => void;
}) {
  const [open, setOpen] = useState(false);
  const waiting = step.result === "waiting";
  const end = step.end ?? now;
  const took = step.start === undefined ? undefined : end - step.start;
  const instant = !waiting && step.completedBy === undefined;
  const tone = step.kind === "signal" ? "signal" : step.result === "failure" ? "bad" : waiting ? (retrying && step.type === "Run" ? "retrying" : "waiting") : "good";
  const panel = `step-${step.index}`;
  return (
    <li class={`step${open ? " step-is-open" : ""}`}>
      <button type="button" class="step-row" aria-expanded={open} aria-controls={panel} onClick={() => setOpen(!open)}>
        <span class="step-index">{step.index}</span>
        <span class="step-name">
          <span class="step-title">{step.title}</span>
          {step.detail && <span class="step-detail">{step.detail}</span>}
        </span>
        <span class="step-track" aria-hidden="true">
          {step.start !== undefined && <Bar from={step.start} to={end} span={span} tone={tone} open={waiting} />}
        </span>
        <span class="step-time">
          {waiting ? <span class={`step-${tone}`}>{took === undefined ? "waiting" : duration(took)}…</span>
            : step.result === "failure" ? <span class="step-failed">failed</span>
            : instant ? "" : took === undefined ? "" : duration(took)}
        </span>
        <Icon name="down" size={12} />
      </button>
      {open && <StepPanel id={id} panel={panel} step={step} now={now} restart={restart} />}
    </li>
  );
}

function StepPanel({ id, panel, step, now, restart }: { id: string; panel: string; step: Step; now: number; restart?: (step: Step) => void }) {
  const indexes = step.completedBy === undefined ? [step.index] : [step.index, step.completedBy];
  const entries = useLoad((signal) => readEntries(id, indexes, signal), [id, indexes]);
  const all = entries.value?.flatMap(({ entry_json }) => details(entry_json)) ?? [];
  return (
    <div class="step-panel" id={panel}>
      <Facts rows={[
        ["Started", step.start !== undefined && <span title={absolute(step.start)}>{absolute(step.start).slice(11)}</span>],
        ["Completed", step.completedBy !== undefined && step.end !== undefined && <span title={absolute(step.end)}>{absolute(step.end).slice(11)}</span>],
        ["Wakes", step.wakeUp !== undefined && step.result === "waiting" && <Time at={step.wakeUp} now={now} />],
        ["Size", step.size > 0 && bytes(step.size)],
        ["Invocation", step.childId && <Id id={step.childId} short />],
      ]} />
      {entries.error ? <Failed error={entries.error} retry={entries.reload} />
        : !entries.value ? <Skeleton lines={2} />
        : all.map((detail, i) => <DetailView key={i} detail={detail} />)}
      {restart && (
        <Button small icon="refresh" onClick={() => restart(step)}>Restart from here</Button>
      )}
    </div>
  );
}

function EventRowView({ event, span }: { event: JournalEvent; span: Span }) {
  const [open, setOpen] = useState(false);
  const title = event.type === "TransientError" ? "Attempt failed" : event.type === "Paused" ? "Paused" : event.type;
  const failure = event.failure;
  const left = position(event.at, span);
  return (
    <li class={`step step-event${open ? " step-is-open" : ""}`}>
      <button type="button" class="step-row" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span class="step-index"><Icon name="warning" size={13} /></span>
        <span class="step-name">
          <span class="step-title">{title}</span>
          {failure?.error_message && <span class="step-detail">{failure.error_message.split("\n")[0]}</span>}
        </span>
        <span class="step-track" aria-hidden="true"><span class="mark" style={{ left: `min(${left}%, calc(100% - 8px))` }} /></span>
        <span class="step-time">{absolute(event.at).slice(11, 19)}</span>
        <Icon name="down" size={12} />
      </button>
      {open && (
        <div class="step-panel">
          <Facts rows={[
            ["At", absolute(event.at)],
            ["Code", failure?.error_code && String(failure.error_code)],
            ["Kind", failure?.restate_doc_error_code],
            ["During", failure?.related_command_type && `${failure.related_command_type} ${failure.related_command_name ?? ""}`],
          ]} />
          {failure && <Code text={failure.error_stacktrace ?? failure.error_message ?? ""} label="What the handler said" />}
        </div>
      )}
    </li>
  );
}

function spanOf(row: Invocation, items: TimelineItem[], now: number): Span {
  const begin = Date.parse(row.running_at ?? row.created_at);
  const times = items.flatMap((item) => (item.kind === "event" ? [item.at] : [item.start, item.end])).filter((t) => t !== undefined);
  const end = row.completed_at ? Date.parse(row.completed_at) : isDone(statusOf(row)) ? begin : now;
  return { begin: Math.min(begin, ...times), end: Math.max(end, begin + 1, ...times) };
}

function Axis({ span }: { span: Span }) {
  const whole = span.end - span.begin;
  return (
    <div class="axis" aria-hidden="true">
      <span class="axis-track">
        {[0, 0.25, 0.5, 0.75, 1].map((part) => <span key={part} style={{ left: `${part * 100}%` }}>{part === 0 ? "0" : duration(whole * part)}</span>)}
      </span>
    </div>
  );
}

function Journal({ row, now, restart }: { row: Invocation; now: number; restart?: (step: Step) => void }) {
  const [upTo, setUpTo] = useState(chunk);
  const live = !isDone(statusOf(row));
  const journal = useLoad((signal) => readJournal(row.id, upTo, signal), [row.id, upTo, row.journal_size, row.status, row.retry_count], live ? { every: 3000 } : {});
  const [kept, setKept] = useState(journal.value);
  if (journal.value && journal.value !== kept) setKept(journal.value);
  const shown = journal.value ?? kept;
  const size = row.journal_size ?? 0;

  if (journal.error) return <Failed error={journal.error} retry={journal.reload} what="The journal could not be read" />;
  if (!shown) return <div class="card-body"><Skeleton lines={6} height={30} /></div>;
  if (!shown.items.length) {
    return (
      <Empty icon="invocations" title={live ? "No steps yet" : "The journal is gone"}>
        {live ? "Steps appear here as the handler makes them." : "It was not kept, or its time of retention is over."}
      </Empty>
    );
  }
  const span = spanOf(row, shown.items, now);
  return (
    <>
      <Axis span={span} />
      <ol class="timeline" aria-label="Journal">
        {shown.items.map((item, i) => item.kind === "event"
          ? <EventRowView key={`e${i}`} event={item} span={span} />
          : <StepRow key={item.index} id={row.id} step={item} span={span} now={now}
              retrying={row.status === "backing-off" || row.status === "paused"} restart={item.type === "Output" ? undefined : restart} />)}
      </ol>
      {size > upTo && (
        <div class="pager">
          <span class="muted">{plural(upTo, "entry", "entries")} of {size}</span>
          <Button onClick={() => setUpTo(upTo + chunk)}>Show more</Button>
        </div>
      )}
    </>
  );
}

// --- Input and output ---

function InputOutput({ row }: { row: Invocation }) {
  const done = isDone(statusOf(row));
  const entries = useLoad(
    (signal) => query<{ entry_type: string; entry_json?: string }>(
      `SELECT entry_type, entry_json FROM sys_journal WHERE id = ${quote(row.id)} ` +
        "AND entry_type IN ('Command: Input', 'Command: Output') ORDER BY index",
      signal,
    ),
    [row.id, done, row.journal_size],
  );
  const [kept, setKept] = useState(entries.value);
  if (entries.value && entries.value !== kept) setKept(entries.value);
  const value = entries.value ?? kept;
  const find = (type: string) => details(value?.find(({ entry_type }) => entry_type === `Command: ${type}`)?.entry_json);
  const input = find("Input");
  const output = find("Output");
  const body = (list: Detail[], missing: ComponentChildren) =>
    entries.error ? <Failed error={entries.error} retry={entries.reload} />
      : !value ? <Skeleton lines={3} />
      : list[0]?.bytes ? <Bytes data={list[0].bytes} label={list[0].label} />
      : list[0]?.failure ? <p class="failure-text"><Tag tone="bad">{list[0].failure.code}</Tag> {list[0].failure.message}</p>
      : list[0]?.value ? <p class="muted">{list[0].value}</p>
      : missing;
  const headers = input.find(({ label }) => label === "Headers");
  return (
    <div class="columns">
      <Card title="Input">
        {body(input, <p class="muted">{row.journal_size ? "Not in the journal any more" : "Not read before it starts"}</p>)}
        {headers?.value && (
          <details class="more">
            <summary>{plural(headers.value.split("\n").length, "header")}</summary>
            <Code text={headers.value} label="Headers" />
          </details>
        )}
      </Card>
      <Card title="Output">
        {body(output, row.completion_failure
          ? <p class="failure-text">{row.completion_failure}</p>
          : <p class="muted">{done ? "Not in the journal any more" : "Not yet"}</p>)}
      </Card>
    </div>
  );
}

// --- The page ---

const buttons: Operation[] = ["resume", "pause", "restart-as-new", "cancel", "kill", "purge"];

function origin(row: Invocation) {
  if (row.restarted_from) return <>Restart of <Id id={row.restarted_from} short /></>;
  if (row.invoked_by_id) return <>{row.invoked_by_target ?? "Another invocation"} <Id id={row.invoked_by_id} short /></>;
  if (row.invoked_by_subscription_id) return `Subscription ${row.invoked_by_subscription_id}`;
  return row.invoked_by === "ingress" ? "Ingress" : row.invoked_by;
}

function Trouble({ row, now, events }: { row: Invocation; now: number; events: EventRow[] | undefined }) {
  const status = statusOf(row);
  if (status === "failed") return <Notice tone="bad" title="Failed">{row.completion_failure}</Notice>;
  if (status === "paused") {
    const event = events?.[0];
    const failure = event?.event_json ? (JSON.parse(event.event_json).last_failure as { error_message?: string } | undefined) : undefined;
    return (
      <Notice tone="warn" title="Paused">
        {failure?.error_message ? `It failed too often: ${failure.error_message.split("\n")[0]}` : "It goes on when somebody resumes it."}
      </Notice>
    );
  }
  if (!row.last_failure) return null;
  const [first, ...trace] = row.last_failure.split("\n");
  const next = row.next_retry_at ? Date.parse(row.next_retry_at) : undefined;
  return (
    <div class="notice notice-warn">
      <Icon name="warning" />
      <div class="notice-text">
        <strong>
          Attempt {row.retry_count ?? ""} failed
          {next && next > now ? `, the next one starts ${relative(next, now)}` : ""}
        </strong>
        <span>{first}</span>
        <span class="muted">
          {row.last_failure_error_code && `${row.last_failure_error_code} `}
          {row.last_failure_related_command_type && `during ${row.last_failure_related_command_type} ${row.last_failure_related_command_name ?? ""}`}
        </span>
        {trace.length > 0 && <details class="more"><summary>Stack trace</summary><Code text={row.last_failure} label="Stack trace" /></details>}
      </div>
    </div>
  );
}

export function InvocationPage({ id }: { id: string }) {
  const now = useNow();
  const loaded = useLoad((signal) => readInvocation(id, signal), [id], { every: 2000 });
  const paused = useLoad(
    async (signal) => loaded.value?.status === "paused"
      ? query<EventRow>(
        "SELECT after_journal_entry_index, appended_at, event_type, event_json FROM sys_journal_events " +
          `WHERE id = ${quote(id)} AND event_type = 'Paused' ORDER BY appended_at DESC LIMIT 1`, signal)
      : [],
    [id, loaded.value?.status],
  );
  const [doing, setDoing] = useState<{ operation: Operation; subject: Subject }>();
  useKeys({ r: () => loaded.reload() });

  const back = <a class="back" href={href("/invocations")}><Icon name="left" size={14} />Invocations</a>;
  const row = loaded.value;
  if (row === null) {
    return (
      <>
        {back}
        <PageHead title="Invocation" />
        <Empty icon="search" title="There is no such invocation" actions={<a class="button button-plain" href={href("/invocations")}>All invocations</a>}>
          <span class="mono break">{id}</span> is unknown. It may have completed, and its time of retention be over.
        </Empty>
      </>
    );
  }
  if (!row) {
    return (
      <>
        {back}
        <PageHead title="Invocation" sub={<span class="mono break">{id}</span>} />
        {loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : <div class="card"><div class="card-body"><Skeleton lines={8} height={24} /></div></div>}
      </>
    );
  }

  const status = statusOf(row);
  const time = elapsed(row, now);
  const restart = mayDo("restart-as-new", row) && (row.pinned_service_protocol_version ?? 0) >= 6
    ? (step: Step) => setDoing({
      operation: "restart-as-new",
      subject: { kind: "one", row, from: step.completedBy ?? step.index, fromTitle: `${step.title} ${step.detail}`.trim() },
    })
    : undefined;
  const finish = () => {
    setDoing(undefined);
    loaded.reload();
  };
  const retention = isoSeconds(row.completion_retention);
  return (
    <>
      {back}
      <PageHead title={<Target row={row} />} sub={<Id id={row.id} link={false} />}>
        {buttons.filter((operation) => mayDo(operation, row)).map((operation) => (
          <Button key={operation} icon={operations[operation].icon} look={operations[operation].danger ? "danger" : "plain"}
            onClick={() => setDoing({ operation, subject: { kind: "one", row } })}>
            {operation === "resume" && status === "backing-off" ? "Retry now" : operations[operation].label}
          </Button>
        ))}
      </PageHead>
      {loaded.error && <Failed error={loaded.error} retry={loaded.reload} />}
      <Trouble row={row} now={now} events={paused.value} />
      <div class="card">
        <div class="card-body">
          <Facts rows={[
            ["Status", <StatusTag status={status} />],
            ["Created", <Time at={row.created_at} now={now} />],
            ["Starts", status === "scheduled" && <Time at={row.scheduled_start_at} now={now} />],
            ["Duration", time !== undefined && duration(time)],
            ["Attempts", (row.retry_count ?? 0) > 0 && String(row.retry_count)],
            ["Invoked by", origin(row)],
            ["Deployment", row.pinned_deployment_id ?? row.last_attempt_deployment_id
              ? <Id id={(row.pinned_deployment_id ?? row.last_attempt_deployment_id)!} short /> : undefined],
            ["Object", row.target_service_key !== undefined && (
              <a href={href("/state", { service: row.target_service_name, key: row.target_service_key })}>{row.target_service_key}</a>)],
            ["Idempotency key", row.idempotency_key && <span class="mono break">{row.idempotency_key}</span>],
            ["Journal", row.journal_size !== undefined && plural(row.journal_size, "entry", "entries")],
            ["Kept for", retention !== undefined && duration(retention)],
            ["SDK", row.last_attempt_server],
            ["Scope", row.scope],
            ["Limit key", row.limit_key],
            ["Trace", row.trace_id && <span class="mono break">{row.trace_id}</span>],
          ]} />
        </div>
      </div>
      <InputOutput row={row} />
      <Card title="Timeline" flush>
        <Journal row={row} now={now} restart={restart} />
      </Card>
      {doing && <OperationDialog {...doing} onClose={() => setDoing(undefined)} onDone={finish} />}
    </>
  );
}
