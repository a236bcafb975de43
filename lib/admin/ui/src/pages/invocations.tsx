// The list of invocations: filters, pages, and operations on many.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api } from "../data/api";
import { count } from "../data/format";
import {
  countSql, filterFrom, filterParams, readPage, spans, statuses, type Cursor, type Filter, type Operation, type Status,
} from "../data/invocations";
import { useLoad } from "../data/load";
import { query } from "../data/sql";
import { Button, Empty, Failed, PageHead, Skeleton, statusHints, statusLabels } from "../parts/basics";
import { Icon } from "../parts/icons";
import { InvocationTable } from "../parts/invocation_table";
import { rowKeys, useKeys } from "../parts/keys";
import { OperationDialog, operations, type Subject } from "../parts/operations";
import { href, navigate } from "../router";

const pageSize = 50;
const batchOperations: Operation[] = ["resume", "pause", "restart-as-new", "cancel", "kill", "purge"];

function cursorFrom(params: URLSearchParams): Cursor | undefined {
  const [moment, id] = (params.get("after") ?? "").split("~");
  return moment && id ? { moment, id } : undefined;
}

const go = (filter: Filter, options: { cursor?: Cursor; page?: number; replace?: boolean } = {}) =>
  navigate(href("/invocations", {
    ...filterParams(filter),
    after: options.cursor && `${options.cursor.moment}~${options.cursor.id}`,
    page: options.cursor && String(options.page),
  }), { replace: options.replace });

function Filters({ filter }: { filter: Filter }) {
  const services = useLoad(() => api.services(), []);
  const [search, setSearch] = useState(filter.search);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => setSearch(filter.search), [filter.search]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const change = (part: Partial<Filter>) => {
    clearTimeout(timer.current);
    go({ ...filter, search, ...part });
  };
  const type = (text: string) => {
    setSearch(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => go({ ...filter, search: text.trim() }, { replace: true }), 350);
  };
  const toggle = (status: Status) =>
    change({
      statuses: filter.statuses.includes(status)
        ? filter.statuses.filter((other) => other !== status)
        : [...filter.statuses, status],
    });
  const names = services.value?.map(({ name }) => name) ?? [];
  if (filter.service && !names.includes(filter.service)) names.push(filter.service);
  const handlers = services.value?.find(({ name }) => name === filter.service)?.handlers.map(({ name }) => name).sort() ?? [];
  const filtered = filter.statuses.length || filter.service || filter.search || filter.within || filter.deployment || filter.handler;

  return (
    <form class="filters" role="search" aria-label="Filter invocations" onSubmit={(event) => {
      event.preventDefault();
      change({ search: search.trim() });
    }}>
      <div class="filter-row">
        <div class="search">
          <Icon name="search" />
          <input type="search" data-search aria-label="Id, target or idempotency key" placeholder="Id, target or idempotency key"
            value={search} onInput={(event) => type(event.currentTarget.value)} />
          <kbd aria-hidden="true">/</kbd>
        </div>
        <select aria-label="Service" value={filter.service} onChange={(event) => change({ service: event.currentTarget.value, handler: "" })}>
          <option value="">All services</option>
          {names.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
        {filter.service && (
          <select aria-label="Handler" value={filter.handler} onChange={(event) => change({ handler: event.currentTarget.value })}>
            <option value="">All handlers</option>
            {handlers.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        )}
        <select aria-label="Created" value={filter.within} onChange={(event) => change({ within: event.currentTarget.value })}>
          <option value="">Any time</option>
          {Object.entries(spans).map(([key, { label }]) => <option key={key} value={key}>{label}</option>)}
        </select>
        <select aria-label="Order" value={filter.order} onChange={(event) => change({ order: event.currentTarget.value as Filter["order"] })}>
          <option value="newest">Newest first</option>
          <option value="oldest">Oldest first</option>
          <option value="changed">Last changed first</option>
        </select>
      </div>
      <div class="chips" role="group" aria-label="Status">
        {statuses.map((status) => (
          <button key={status} type="button" class={`chip status-${status}`} title={statusHints[status]}
            aria-pressed={filter.statuses.includes(status)} onClick={() => toggle(status)}>
            <span class="dot" aria-hidden="true" />
            {statusLabels[status]}
          </button>
        ))}
        {filter.deployment && (
          <button type="button" class="chip" aria-pressed="true" onClick={() => change({ deployment: "" })}>
            Deployment {filter.deployment.slice(0, 10)}… <Icon name="close" size={12} />
          </button>
        )}
        {filtered ? <button type="button" class="link" onClick={() => navigate(href("/invocations"))}>Clear filters</button> : null}
      </div>
    </form>
  );
}

export function InvocationsPage({ params }: { params: URLSearchParams }) {
  const text = params.toString();
  const filter = useMemo(() => filterFrom(params), [text]);
  const cursor = useMemo(() => cursorFrom(params), [text]);
  const filterKey = JSON.stringify(filter);

  const page = useLoad((signal) => readPage(filter, cursor, pageSize, signal), [text], { every: 5000 });
  const total = useLoad(async (signal) => (await query<{ n: number }>(countSql(filter, Date.now()), signal))[0].n, [filterKey], { every: 15_000 });
  // While the next page loads the last one stays, dimmed: nothing jumps.
  const shown = useRef(page.value);
  if (page.value) shown.current = page.value;
  const rows = shown.current?.rows;

  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [everything, setEverything] = useState(false);
  const [doing, setDoing] = useState<{ operation: Operation; subject: Subject }>();
  useEffect(() => {
    setSelected(new Set());
    setEverything(false);
  }, [filterKey]);

  // Where each page begins, for the way back. An address that was given by somebody has no such way but to the first.
  const number = cursor ? Number(params.get("page")) || 2 : 1;
  const trail = useRef<{ key: string; cursors: (Cursor | undefined)[] }>({ key: filterKey, cursors: [] });
  if (trail.current.key !== filterKey) trail.current = { key: filterKey, cursors: [] };
  trail.current.cursors[number] = cursor;
  const forth = () => page.value?.next && go(filter, { cursor: page.value.next, page: number + 1 });
  const back = () => cursor && go(filter, { cursor: trail.current.cursors[number - 1], page: number - 1 });

  const toggle = (id: string, on: boolean) => {
    const next = new Set(selected);
    if (on) next.add(id);
    else next.delete(id);
    setSelected(next);
    setEverything(false);
  };
  useKeys({
    ...rowKeys,
    n: forth,
    p: back,
    r: () => page.reload(),
    x: () => document.activeElement?.closest("[data-row]")?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click(),
  });

  const chosen = everything ? total.value ?? 0 : selected.size;
  const start = (operation: Operation) =>
    setDoing({
      operation,
      subject: everything ? { kind: "all", filter, count: chosen } : { kind: "some", ids: [...selected] },
    });
  const finish = () => {
    setDoing(undefined);
    setSelected(new Set());
    setEverything(false);
    page.reload();
    total.reload();
  };
  const position = (number - 1) * pageSize;

  return (
    <>
      <PageHead title="Invocations" sub={total.value === undefined ? " " : `${count(total.value)} ${filterKey === JSON.stringify(filterFrom(new URLSearchParams())) ? "in all" : "found"}`}>
        <Button icon="refresh" busy={page.loading && !!rows} onClick={page.reload}>Refresh</Button>
      </PageHead>
      <Filters filter={filter} />
      {page.error && <Failed error={page.error} retry={page.reload} what="The list could not be read" />}
      <div class="card">
        {!rows ? (
          !page.error && <div class="card-body"><Skeleton lines={10} height={36} /></div>
        ) : rows.length === 0 ? (
          <Empty icon="invocations" title={text ? "Nothing matches" : "No invocations yet"}
            actions={text ? <Button onClick={() => navigate(href("/invocations"))}>Clear filters</Button>
              : <a class="button button-plain" href={href("/services")}>See services</a>}>
            {text ? "No invocation fits these filters." : "Call a handler through the ingress, and it appears here."}
          </Empty>
        ) : (
          <div class={page.value ? undefined : "stale"} aria-busy={!page.value}>
            <InvocationTable rows={rows} caption="Invocations" selection={{
              has: (id) => everything || selected.has(id),
              toggle,
              toggleAll: (on) => {
                setSelected(on ? new Set(rows.map(({ id }) => id)) : new Set());
                setEverything(false);
              },
            }} />
          </div>
        )}
        {rows && (rows.length > 0 || cursor) && (
          <div class="pager">
            <span class="muted">
              {rows.length ? `${count(position + 1)}–${count(position + rows.length)}` : ""}
              {rows.length && total.value !== undefined ? ` of ${count(total.value)}` : ""}
            </span>
            <span class="pager-buttons">
              <Button icon="left" disabled={!cursor} onClick={back}>Previous</Button>
              <Button disabled={!page.value?.next} onClick={forth}>Next<Icon name="right" /></Button>
            </span>
          </div>
        )}
      </div>
      {chosen > 0 && (
        <div class="batch" role="region" aria-label="Selected invocations">
          <span class="batch-count">
            <strong>{count(chosen)}</strong> selected
            {!everything && (total.value ?? 0) > selected.size && (
              <button type="button" class="link" onClick={() => setEverything(true)}>Select all {count(total.value!)}</button>
            )}
          </span>
          <span class="batch-buttons">
            {batchOperations.map((operation) => (
              <Button key={operation} small look={operations[operation].danger ? "danger" : "plain"} onClick={() => start(operation)}>
                {operations[operation].label}
              </Button>
            ))}
            <Button small look="quiet" onClick={() => {
              setSelected(new Set());
              setEverything(false);
            }}>Clear</Button>
          </span>
        </div>
      )}
      {doing && <OperationDialog {...doing} onClose={() => setDoing(undefined)} onDone={finish} />}
    </>
  );
}
