// One service: handlers, settings, revisions.

import { useState } from "preact/hooks";
import { api, ApiError, type Deployment, type Handler, type Service, type ServiceSettings } from "../data/api";
import { plural } from "../data/format";
import { useLoad } from "../data/load";
import { Button, Card, Check, Code, Dialog, Facts, Failed, Field, Id, Notice, PageHead, Skeleton, Tag, Time, useNow } from "../parts/basics";
import { Icon } from "../parts/icons";
import { toast } from "../parts/toasts";
import { href } from "../router";
import { typeLabels } from "./services";

type Timing = Exclude<keyof ServiceSettings, "public">;

const timings: { key: Timing; label: string; hint: string }[] = [
  { key: "inactivity_timeout", label: "Inactivity timeout", hint: "An attempt that has nothing to do is suspended after this" },
  { key: "abort_timeout", label: "Abort timeout", hint: "An attempt that does not suspend when asked is aborted after this" },
  { key: "journal_retention", label: "Journal retention", hint: "How long the steps of a completed invocation are kept" },
  { key: "idempotency_retention", label: "Idempotency retention", hint: "How long a result is kept for callers with the same key" },
  { key: "workflow_completion_retention", label: "Workflow retention", hint: "How long a completed workflow is kept" },
];

function SettingsDialog({ service, onClose, onDone }: { service: Service; onClose: () => void; onDone: () => void }) {
  const shown = timings.filter(({ key }) => key !== "workflow_completion_retention" || service.ty === "Workflow");
  const initial = Object.fromEntries(shown.map(({ key }) => [key, service[key] ?? ""])) as Record<Timing, string>;
  const [values, setValues] = useState(initial);
  const [open, setOpen] = useState(service.public);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const changes: ServiceSettings = {};
  for (const { key } of shown) if (values[key].trim() && values[key] !== initial[key]) changes[key] = values[key].trim();
  if (open !== service.public) changes.public = open;
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.changeService(service.name, changes);
      toast(`${service.name}: settings saved`);
      onDone();
    } catch (problem) {
      setError(problem as ApiError);
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Settings of ${service.name}`} onClose={onClose} onSubmit={() => void save()}
      footer={
        <>
          <Button onClick={onClose}>Back</Button>
          <Button type="submit" look="primary" busy={busy} disabled={!Object.keys(changes).length}>Save</Button>
        </>
      }>
      <Check label="Public" hint="Callable through the ingress; otherwise by other services only" checked={open} onChange={setOpen} />
      {shown.map(({ key, label, hint }) => (
        <Field key={key} label={label} hint={hint}>
          {(id, described) => (
            <input id={id} aria-describedby={described} value={values[key]} placeholder="such as 90s, 1h 30m, 7d" autocomplete="off"
              onInput={(event) => setValues({ ...values, [key]: event.currentTarget.value })} />
          )}
        </Field>
      ))}
      <Notice>The settings hold for revision {service.revision}. A new revision brings its own.</Notice>
      {error && <Failed error={error} />}
    </Dialog>
  );
}

function shell(text: string) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curl(service: Service, handler: Handler, ingress: string) {
  const key = service.ty === "Service" ? "" : "/my-key";
  const base = ingress.replace(/\/$/, "");
  const body = handler.input_description === "none" ? "" : ` \\\n  --json ${shell("{}")}`;
  return `curl ${body ? "" : "-X POST "}${base}/${service.name}${key}/${handler.name}${body}`;
}

function HandlerRow({ service, handler, ingress }: { service: Service; handler: Handler; ingress: string }) {
  const [open, setOpen] = useState(false);
  const policy = handler.retry_policy;
  const keyed = service.ty !== "Service";
  const own: [string, string | undefined][] = [
    ["Inactivity timeout", handler.inactivity_timeout],
    ["Abort timeout", handler.abort_timeout],
    ["Journal retention", handler.journal_retention],
    ["Idempotency retention", handler.idempotency_retention],
    ["Retries from", policy?.initial_interval],
    ["Retries up to", policy?.max_interval],
    ["Most attempts", policy?.max_attempts ? String(policy.max_attempts) : undefined],
    ["Then", policy?.on_max_attempts],
  ];
  return (
    <>
      <tr>
        <td class="cell-target"><span class="strong mono">{handler.name}</span></td>
        {keyed && <td data-label="Kind">{handler.ty ?? "–"}</td>}
        <td data-label="Input"><code>{handler.input_description}</code></td>
        <td data-label="Output"><code>{handler.output_description}</code></td>
        <td class="cell-end">
          <a class="button button-quiet button-small" href={href("/invocations", { service: service.name, handler: handler.name })}>Invocations</a>
          <Button small look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>Details</Button>
        </td>
      </tr>
      {open && (
        <tr class="row-details">
          <td colSpan={keyed ? 5 : 4}>
            {handler.documentation && <p class="pre">{handler.documentation}</p>}
            <Facts rows={[
              ["Access", handler.public && service.public ? "Public" : "Private"],
              ...own.filter(([, value]) => value !== undefined),
            ]} />
            {handler.info?.map(({ code, message }) => <Notice key={message} tone="warn" title={code}>{message}</Notice>)}
            {ingress && handler.public && service.public && <Code text={curl(service, handler, ingress)} label="How to call it" />}
          </td>
        </tr>
      )}
    </>
  );
}

interface Revision {
  revision: number;
  deployment: Deployment;
}

function Revisions({ revisions, active }: { revisions: Revision[]; active: number }) {
  const now = useNow(10_000);
  return (
    <table class="table table-stack">
      <caption class="hidden">Revisions</caption>
      <thead><tr><th>Revision</th><th>Deployment</th><th>Address</th><th>Registered</th><th></th></tr></thead>
      <tbody>
        {revisions.map(({ revision, deployment }) => (
          <tr key={`${deployment.id}-${revision}`}>
            <td data-label="Revision">{revision}</td>
            <td data-label="Deployment"><Id id={deployment.id} short /></td>
            <td class="cell-wide" data-label="Address"><span class="mono break">{deployment.uri ?? deployment.arn}</span></td>
            <td data-label="Registered"><Time at={deployment.created_at} now={now} /></td>
            <td>{revision === active && <Tag tone="good">Active</Tag>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function ServicePage({ name }: { name: string }) {
  const service = useLoad(() => api.service(name), [name], { every: 15_000 });
  const deployments = useLoad(() => api.deployments(), [name]);
  const version = useLoad(() => api.version(), []);
  const [editing, setEditing] = useState(false);
  const value = service.value;
  const back = <a class="back" href={href("/services")}><Icon name="left" size={14} />Services</a>;
  if (!value) {
    return (
      <>
        {back}
        <PageHead title={name} />
        {service.error ? <Failed error={service.error} retry={service.reload} /> : <Card><Skeleton lines={6} height={24} /></Card>}
      </>
    );
  }
  const revisions = deployments.value
    ?.flatMap((deployment) => deployment.services.filter((other) => other.name === name).map(({ revision }) => ({ revision, deployment })))
    .sort((a, b) => b.revision - a.revision);
  const { retry_policy: retries } = value;
  return (
    <>
      {back}
      <PageHead title={value.name} sub={<>{typeLabels[value.ty]} · revision {value.revision} {!value.public && <Tag>Private</Tag>}</>}>
        <a class="button button-plain" href={href("/invocations", { service: name })}>Invocations</a>
        {value.ty !== "Service" && <a class="button button-plain" href={href("/state", { service: name })}>State</a>}
        <Button icon="edit" onClick={() => setEditing(true)}>Edit settings</Button>
      </PageHead>
      {service.error && <Failed error={service.error} retry={service.reload} />}
      {value.info?.map(({ code, message }) => <Notice key={message} tone="warn" title={code}>{message}</Notice>)}
      {value.documentation && <p class="pre">{value.documentation}</p>}
      <Card title={`${plural(value.handlers.length, "handler")}`} flush>
        <table class="table table-stack">
          <caption class="hidden">Handlers</caption>
          <thead><tr><th>Name</th>{value.ty !== "Service" && <th>Kind</th>}<th>Input</th><th>Output</th><th></th></tr></thead>
          <tbody>
            {[...value.handlers].sort((a, b) => a.name.localeCompare(b.name)).map((handler) => (
              <HandlerRow key={handler.name} service={value} handler={handler} ingress={version.value?.ingress_endpoint ?? ""} />
            ))}
          </tbody>
        </table>
      </Card>
      <Card title="Settings">
        <Facts rows={[
          ["Access", value.public ? "Public" : "Private"],
          ...timings.map(({ key, label }): [string, string | undefined] => [label, value[key]]),
          ["Lazy state", value.enable_lazy_state ? "Yes" : "No"],
          ["Retries", `after ${retries.initial_interval}, then ${retries.exponentiation_factor} times longer, up to ${retries.max_interval}`],
          ["Most attempts", retries.max_attempts === null ? "No limit" : `${retries.max_attempts}, then ${retries.on_max_attempts.toLowerCase()}`],
        ]} />
      </Card>
      <Card title="Revisions" flush>
        {deployments.error ? <Failed error={deployments.error} retry={deployments.reload} />
          : revisions ? <Revisions revisions={revisions} active={value.revision} />
          : <div class="card-body"><Skeleton lines={2} height={30} /></div>}
      </Card>
      {editing && <SettingsDialog service={value} onClose={() => setEditing(false)} onDone={() => {
        setEditing(false);
        service.reload();
      }} />}
    </>
  );
}
