// State of virtual objects and workflows: find a key, see what is stored, change it.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, ApiError } from "../data/api";
import { bytes, count, plural } from "../data/format";
import { statusOf, type Invocation } from "../data/invocations";
import { useLoad } from "../data/load";
import { fromHex, parseHex, payload, toHex } from "../data/payload";
import { containing, query, quote } from "../data/sql";
import { stateVersion } from "../data/stateversion";
import { Button, Card, Check, Dialog, Empty, Facts, Failed, Field, Id, Notice, PageHead, Skeleton, StatusTag, Tag, Time, useNow } from "../parts/basics";
import { Icon } from "../parts/icons";
import { rowKeys, useKeys } from "../parts/keys";
import { toast } from "../parts/toasts";
import { href, navigate } from "../router";
import { Bytes } from "./invocation";
import { typeLabels } from "./services";

export function StatePage({ params }: { params: URLSearchParams }) {
  const service = params.get("service") ?? "";
  const key = params.get("key");
  if (service && key !== null) return <ObjectPage key={`${service}/${key}`} service={service} object={key} />;
  return <BrowsePage service={service} search={params.get("search") ?? ""} after={params.get("after") ?? ""} />;
}

// --- Finding a key ---

const pageSize = 50;

interface KeyRow {
  service_key: string;
  entries: number;
  size: number;
}

async function readKeys(service: string, search: string, after: string, signal: AbortSignal): Promise<KeyRow[]> {
  const terms = [`service_name = ${quote(service)}`, "scope IS NULL"];
  if (search) terms.push(`service_key LIKE ${containing(search)}`);
  if (after) terms.push(`service_key > ${quote(after)}`);
  return query<KeyRow>(
    "SELECT service_key, COUNT(*) AS entries, COALESCE(SUM(value_length), 0) AS size FROM state " +
      `WHERE ${terms.join(" AND ")} GROUP BY service_key ORDER BY service_key LIMIT ${pageSize + 1}`,
    signal,
  );
}

function BrowsePage({ service, search, after }: { service: string; search: string; after: string }) {
  const services = useLoad(() => api.services(), []);
  const keyed = services.value?.filter(({ ty }) => ty !== "Service");
  const chosen = service || keyed?.[0]?.name || "";
  const keys = useLoad((signal) => (chosen ? readKeys(chosen, search, after, signal) : Promise.resolve([])), [chosen, search, after], { every: 10_000 });
  const [text, setText] = useState(search);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const trail = useRef<string[]>([]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const go = (part: { service?: string; search?: string; after?: string }, replace = false) =>
    navigate(href("/state", { service: chosen, search, ...part }), { replace });
  const forth = () => {
    const next = keys.value?.[pageSize - 1]?.service_key;
    if (!next || keys.value!.length <= pageSize) return;
    trail.current.push(after);
    go({ after: next });
  };
  const back = () => after && go({ after: trail.current.pop() ?? "" });
  useKeys({ ...rowKeys, n: forth, p: back, r: keys.reload });

  const error = services.error ?? keys.error;
  const rows = keys.value?.slice(0, pageSize);
  if (keyed?.length === 0 && !service) {
    return (
      <>
        <PageHead title="State" />
        <Card flush>
          <Empty icon="state" title="No objects or workflows" actions={<a class="button button-plain" href={href("/services")}>See services</a>}>
            Virtual objects and workflows keep state by key. None is registered.
          </Empty>
        </Card>
      </>
    );
  }
  return (
    <>
      <PageHead title="State" sub="What virtual objects and workflows have stored, by key" />
      <form class="filters" role="search" aria-label="Find a key" onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) navigate(href("/state", { service: chosen, search: text.trim() }));
      }}>
        <div class="filter-row">
          <select aria-label="Service" value={chosen} onChange={(event) => navigate(href("/state", { service: event.currentTarget.value }))}>
            {!keyed && <option value={chosen}>{chosen || " "}</option>}
            {keyed?.map(({ name, ty }) => <option key={name} value={name}>{name} ({typeLabels[ty].toLowerCase()})</option>)}
            {keyed && service && !keyed.some(({ name }) => name === service) && <option value={service}>{service}</option>}
          </select>
          <div class="search">
            <Icon name="search" />
            <input type="search" data-search aria-label="Key" placeholder="Part of a key" value={text}
              onInput={(event) => {
                const value = event.currentTarget.value;
                setText(value);
                clearTimeout(timer.current);
                timer.current = setTimeout(() => navigate(href("/state", { service: chosen, search: value.trim() }), { replace: true }), 350);
              }} />
            <kbd aria-hidden="true">/</kbd>
          </div>
          {text.trim() && (
            <a class="button button-plain" href={href("/state", { service: chosen, key: text.trim() })}>Open this key</a>
          )}
        </div>
      </form>
      {error && <Failed error={error} retry={() => [services, keys].forEach(({ reload }) => reload())} />}
      <Card flush>
        {!rows || !services.value ? !error && <div class="card-body"><Skeleton lines={8} height={28} /></div>
          : rows.length === 0 ? (
            <Empty icon="state" title={search ? "Nothing matches" : "Nothing is stored"}>
              {search ? "No key of this service has such a part and state." : "No object of this service has state."}
            </Empty>
          ) : (
            <table class="table table-stack">
              <caption class="hidden">Keys with state</caption>
              <thead><tr><th>Key</th><th class="cell-number">Entries</th><th class="cell-number">Size</th></tr></thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.service_key} data-row>
                    <td class="cell-target">
                      <a class="row-link mono break" data-row-link href={href("/state", { service: chosen, key: row.service_key })}>{row.service_key}</a>
                    </td>
                    <td class="cell-number" data-label="Entries">{count(row.entries)}</td>
                    <td class="cell-number" data-label="Size">{bytes(row.size)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        {(after || (keys.value?.length ?? 0) > pageSize) && (
          <div class="pager">
            <span class="muted">{rows?.length ? plural(rows.length, "key") : ""}</span>
            <span class="pager-buttons">
              <Button icon="left" disabled={!after} onClick={() => back()}>Previous</Button>
              <Button disabled={(keys.value?.length ?? 0) <= pageSize} onClick={forth}>Next<Icon name="right" /></Button>
            </span>
          </div>
        )}
      </Card>
    </>
  );
}

// --- One object ---

interface Entry {
  key: string;
  value: Uint8Array | undefined; // none: too large to show
  size: number;
}

const shownLimit = 65_536;

/** What the API changes if it is told no scope. */
const storedAt = (service: string, object: string) =>
  `service_name = ${quote(service)} AND service_key = ${quote(object)} AND scope IS NULL`;

async function readEntries(service: string, object: string, signal?: AbortSignal): Promise<{ entries: Entry[]; odd: boolean }> {
  const rows = await query<{ key?: string; value?: string; size: number }>(
    `SELECT key, CASE WHEN value_length <= ${shownLimit} THEN value END AS value, value_length AS size FROM state ` +
      `WHERE ${storedAt(service, object)} ORDER BY key`,
    signal,
  );
  return {
    entries: rows.filter(({ key }) => key !== undefined).map(({ key, value, size }) => ({
      key: key!,
      // An empty value may come as an empty text, or as none.
      value: value !== undefined ? fromHex(value) : size === 0 ? new Uint8Array() : undefined,
      size,
    })),
    odd: rows.some(({ key }) => key === undefined),
  };
}

async function readAll(service: string, object: string): Promise<Map<string, Uint8Array>> {
  const rows = await query<{ key: string; value?: string }>(
    `SELECT key, value FROM state WHERE ${storedAt(service, object)}`,
  );
  return new Map(rows.map(({ key, value }) => [key, fromHex(value ?? "")]));
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
  a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]));

class Conflict extends Error {}

/** Puts one entry, or takes it away, unless somebody else has changed it since `base` was read. */
async function changeEntry(service: string, object: string, key: string, base: Uint8Array | undefined, value: Uint8Array | undefined) {
  const stored = await readAll(service, object);
  if (!same(stored.get(key), base)) throw new Conflict();
  const version = stateVersion(stored);
  if (value) stored.set(key, value);
  else stored.delete(key);
  await api.replaceState(service, object, Object.fromEntries([...stored].map(([name, data]) => [name, [...data]])), version);
}

/** The write goes through the log; true once it is to be seen. */
async function settled(service: string, object: string, key: string | undefined, value: Uint8Array | undefined) {
  for (let turn = 0; turn < 20; turn++) {
    const stored = await readAll(service, object);
    if (key === undefined ? stored.size === 0 : same(stored.get(key), value)) return true;
    await new Promise((done) => setTimeout(done, 50 + turn * 20));
  }
  return false;
}

type Form = "json" | "text" | "hex";

function encode(text: string, form: Form): Uint8Array | string {
  if (form === "hex") return parseHex(text) ?? "Two hex digits for each byte.";
  if (form === "json") {
    try {
      return new TextEncoder().encode(JSON.stringify(JSON.parse(text)));
    } catch (error) {
      return `This is not JSON: ${(error as Error).message}`;
    }
  }
  return new TextEncoder().encode(text);
}

function EntryDialog({ service, object, entry, onClose, onDone }: {
  service: string;
  object: string;
  entry?: Entry; // none: a new one
  onClose: () => void;
  onDone: () => void;
}) {
  const old = useMemo(() => payload(entry?.value), []);
  const [form, setForm] = useState<Form>(!entry || old.kind === "json" || old.kind === "empty" ? "json" : old.kind === "text" ? "text" : "hex");
  const [key, setKey] = useState(entry?.key ?? "");
  const [text, setText] = useState(old.kind === "binary" ? toHex(entry!.value!) : old.text);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const [conflict, setConflict] = useState(false);
  const data = encode(text, form);
  const wrong = typeof data === "string" && text !== "" ? data : undefined;
  const change = (next: Form) => {
    const current = encode(text, form);
    if (typeof current !== "string" && text) {
      const shown = payload(current);
      if (next === "hex") setText(toHex(current));
      else if (shown.kind !== "binary") setText(next === "json" ? shown.text : new TextDecoder().decode(current));
    }
    setForm(next);
  };
  const save = async () => {
    if (typeof data === "string") return;
    setBusy(true);
    setError(undefined);
    setConflict(false);
    try {
      await changeEntry(service, object, key, entry?.value, data);
      const seen = await settled(service, object, key, data);
      toast(seen ? `Saved ${key}` : `${key} is queued behind a running invocation`);
      onDone();
    } catch (problem) {
      if (problem instanceof Conflict) setConflict(true);
      else setError(problem as ApiError);
      setBusy(false);
    }
  };
  return (
    <Dialog wide title={entry ? `Edit ${entry.key}` : "Add an entry"} onClose={() => !busy && onClose()} onSubmit={() => void save()}
      footer={<><Button onClick={onClose} disabled={busy}>Back</Button><Button type="submit" look="primary" busy={busy} disabled={!key || typeof data === "string"}>Save</Button></>}>
      {!entry && (
        <Field label="Key">
          {(id) => <input id={id} autoFocus spellcheck={false} autocomplete="off" value={key} onInput={(event) => setKey(event.currentTarget.value)} />}
        </Field>
      )}
      <Field label="Format" hint={form === "json" ? "Saved without spaces, as the SDKs store it" : form === "hex" ? "The bytes as they are" : "Saved as it stands here"}>
        {(id, hint) => (
          <select id={id} aria-describedby={hint} value={form} onChange={(event) => change(event.currentTarget.value as Form)}>
            <option value="json">JSON</option>
            <option value="text">Text</option>
            <option value="hex">Hex</option>
          </select>
        )}
      </Field>
      <Field label="Value" error={wrong}>
        {(id, hint) => (
          <textarea id={id} aria-describedby={hint} class="mono" rows={10} spellcheck={false} autoFocus={!!entry} value={text}
            onInput={(event) => setText(event.currentTarget.value)} />
        )}
      </Field>
      {conflict && (
        <Notice tone="warn" title="It has changed meanwhile">
          {entry ? "The stored value is not the one you started from. Close, look, and edit again." : "There is an entry of this key already."}
        </Notice>
      )}
      {error && <Failed error={error} />}
    </Dialog>
  );
}

function RemoveDialog({ service, object, entry, onClose, onDone }: {
  service: string;
  object: string;
  entry?: Entry; // none: all of them
  onClose: () => void;
  onDone: () => void;
}) {
  const [busy, setBusy] = useState(false);
  const [sure, setSure] = useState(false);
  const [error, setError] = useState<ApiError>();
  const remove = async () => {
    setBusy(true);
    setError(undefined);
    try {
      if (entry) await changeEntry(service, object, entry.key, entry.value ?? (await readAll(service, object)).get(entry.key), undefined);
      else await api.replaceState(service, object, {});
      const seen = await settled(service, object, entry?.key, undefined);
      toast(seen ? (entry ? `Removed ${entry.key}` : "State cleared") : "Queued behind a running invocation");
      onDone();
    } catch (problem) {
      setError(problem instanceof Conflict ? new ApiError(409, null, "The value has changed meanwhile.") : (problem as ApiError));
      setBusy(false);
    }
  };
  return (
    <Dialog title={entry ? `Remove ${entry.key}?` : "Clear all state?"} onClose={() => !busy && onClose()} onSubmit={() => void remove()}
      footer={<><Button onClick={onClose} disabled={busy}>Back</Button><Button type="submit" look="danger" busy={busy} disabled={!entry && !sure}>{entry ? "Remove" : "Clear"}</Button></>}>
      <p class="mono break">{service}/{object}</p>
      <p>{entry ? "Handlers then find nothing under this key." : "Every entry of this object is deleted. This cannot be undone."}</p>
      {!entry && <Check label="Yes, all entries" checked={sure} onChange={setSure} />}
      {error && <Failed error={error} />}
    </Dialog>
  );
}

interface Promise_ {
  key: string;
  completed: boolean;
  completion_success_value_utf8?: string;
  completion_failure?: string;
}

async function readKeyed(service: string, object: string, signal: AbortSignal) {
  const here = `service_name = ${quote(service)} AND service_key = ${quote(object)}`;
  const [lock, inbox, promises, recent] = await Promise.all([
    query<{ invocation_id: string }>(`SELECT invocation_id FROM sys_keyed_service_status WHERE ${here}`, signal),
    query<{ n: number }>(`SELECT COUNT(*) AS n FROM sys_inbox WHERE ${here}`, signal),
    query<Promise_>(`SELECT key, completed, completion_success_value_utf8, completion_failure FROM sys_promise WHERE ${storedAt(service, object)} ORDER BY key LIMIT 100`, signal),
    query<Pick<Invocation, "id" | "status" | "completion_result" | "target_handler_name" | "created_at">>(
      "SELECT id, status, completion_result, target_handler_name, created_at FROM sys_invocation " +
        `WHERE target_service_name = ${quote(service)} AND target_service_key = ${quote(object)} AND scope IS NULL ORDER BY created_at DESC LIMIT 5`, signal),
  ]);
  return { holder: lock[0]?.invocation_id, waiting: inbox[0]?.n ?? 0, promises, recent };
}

function EntryRow({ entry, onEdit, onRemove, locked }: { entry: Entry; onEdit: () => void; onRemove: () => void; locked: boolean }) {
  return (
    <li class="entry">
      <div class="entry-head">
        <h3 class="mono break">{entry.key}</h3>
        <span class="entry-tools">
          <Button small look="quiet" icon="edit" disabled={locked || !entry.value} onClick={onEdit}>Edit</Button>
          <Button small look="quiet" icon="trash" disabled={locked} aria-label={`Remove ${entry.key}`} title="Remove" onClick={onRemove} />
        </span>
      </div>
      {entry.value ? <Bytes data={entry.value} label={`Value of ${entry.key}`} />
        : <p class="muted">{bytes(entry.size)}: too large to show here. The command line or SQL can read it.</p>}
    </li>
  );
}

function ObjectPage({ service, object }: { service: string; object: string }) {
  const now = useNow();
  const state = useLoad((signal) => readEntries(service, object, signal), [service, object], { every: 5000 });
  const keyed = useLoad((signal) => readKeyed(service, object, signal), [service, object], { every: 5000 });
  const [dialog, setDialog] = useState<{ kind: "edit" | "remove" | "add" | "clear"; entry?: Entry }>();
  const reload = () => [state, keyed].forEach((each) => each.reload());
  useKeys({ r: reload });
  const close = () => setDialog(undefined);
  const finish = () => {
    close();
    reload();
  };
  const entries = state.value?.entries;
  const odd = state.value?.odd ?? false;
  const { holder, waiting = 0, promises = [], recent = [] } = keyed.value ?? {};
  const common = { service, object, onClose: close, onDone: finish };
  return (
    <>
      <a class="back" href={href("/state", { service })}><Icon name="left" size={14} />{service}</a>
      <PageHead title={<span class="break">{object}</span>} sub={<a href={href(`/services/${encodeURIComponent(service)}`)}>{service}</a>}>
        <Button icon="plus" disabled={!entries || odd} onClick={() => setDialog({ kind: "add" })}>Add entry</Button>
        <Button look="danger" icon="trash" disabled={!entries?.length} onClick={() => setDialog({ kind: "clear" })}>Clear all</Button>
      </PageHead>
      {(state.error ?? keyed.error) && <Failed error={(state.error ?? keyed.error)!} retry={reload} />}
      {holder && (
        <Notice title="An invocation holds this key">
          <Id id={holder} short /> A change of state waits until it is done.
        </Notice>
      )}
      {odd && <Notice tone="warn" title="Read only">An entry has a key that is no text. This page cannot write it back, so it changes nothing here.</Notice>}
      <Card>
        <Facts rows={[
          ["Key", keyed.value ? (holder ? <Tag tone="warn">Locked</Tag> : <Tag>Free</Tag>) : "–"],
          ["Waiting", keyed.value ? plural(waiting, "invocation") : "–"],
          ["Entries", entries ? count(entries.length) : "–"],
          ["Size", entries ? bytes(entries.reduce((sum, { size }) => sum + size, 0)) : "–"],
        ]} />
      </Card>
      <Card title="State" flush>
        {!entries ? !state.error && <div class="card-body"><Skeleton lines={4} height={28} /></div>
          : entries.length === 0 ? <Empty icon="state" title="No state">Nothing is stored under this key.</Empty>
          : (
            <ul class="entries">
              {entries.map((entry) => (
                <EntryRow key={entry.key} entry={entry} locked={odd} onEdit={() => setDialog({ kind: "edit", entry })}
                  onRemove={() => setDialog({ kind: "remove", entry })} />
              ))}
            </ul>
          )}
      </Card>
      {promises.length > 0 && (
        <Card title="Promises" flush>
          <table class="table table-stack">
            <caption class="hidden">Promises</caption>
            <thead><tr><th>Name</th><th>Completed</th><th>Value</th></tr></thead>
            <tbody>
              {promises.map((promise) => (
                <tr key={promise.key}>
                  <td class="cell-target mono">{promise.key}</td>
                  <td data-label="Completed">{promise.completed ? "Yes" : <Tag>Awaited</Tag>}</td>
                  <td class="cell-wide" data-label="Value"><span class="mono break">{promise.completion_failure ?? promise.completion_success_value_utf8 ?? "–"}</span></td>
                </tr>
              ))}
            </tbody>
          </table>
        </Card>
      )}
      {recent.length > 0 && (
        <Card title="Latest invocations" flush actions={<a href={href("/invocations", { service, search: `${service}/${object}/` })}>Show all</a>}>
          <table class="table table-stack">
            <caption class="hidden">Latest invocations</caption>
            <thead><tr><th class="cell-status">Status</th><th>Handler</th><th class="cell-time">Created</th></tr></thead>
            <tbody>
              {recent.map((row) => (
                <tr key={row.id}>
                  <td class="cell-status"><StatusTag status={statusOf(row)} /></td>
                  <td class="cell-target"><a class="row-link" href={href(`/invocations/${row.id}`)}>{row.target_handler_name}</a></td>
                  <td class="cell-time" data-label="Created"><Time at={row.created_at} now={now} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </Card>
      )}
      {dialog?.kind === "edit" && <EntryDialog {...common} entry={dialog.entry} />}
      {dialog?.kind === "add" && <EntryDialog {...common} />}
      {dialog?.kind === "remove" && <RemoveDialog {...common} entry={dialog.entry} />}
      {dialog?.kind === "clear" && <RemoveDialog {...common} />}
    </>
  );
}
