// The places that serve handlers, and the form that adds one.

import { useEffect, useState } from "preact/hooks";
import { api, ApiError, type Deployment, type Registration, type RegistrationRequest, type Service } from "../data/api";
import { plural } from "../data/format";
import { useLoad } from "../data/load";
import { query } from "../data/sql";
import { Button, Card, Check, Dialog, Empty, Failed, Field, Id, Notice, PageHead, Skeleton, Tag, Time, useNow } from "../parts/basics";
import { rowKeys, useKeys } from "../parts/keys";
import { toast } from "../parts/toasts";
import { href, navigate } from "../router";
import { typeLabels } from "./services";

export type Stage = "active" | "draining" | "drained";

export const stageTexts: Record<Stage, [string, "good" | "warn" | undefined, string]> = {
  active: ["Active", "good", "New invocations go here"],
  draining: ["Draining", "warn", "Only invocations that began here still run here"],
  drained: ["Drained", undefined, "Nothing runs here any more; it can be removed"],
};

export function StageTag({ stage }: { stage: Stage }) {
  const [label, tone, title] = stageTexts[stage];
  return <Tag tone={tone} title={title}>{label}</Tag>;
}

/** How many invocations that are not completed began on each deployment. */
export async function readPinned(signal: AbortSignal): Promise<Map<string, number>> {
  const rows = await query<{ id: string; n: number }>(
    "SELECT pinned_deployment_id AS id, COUNT(*) AS n FROM sys_invocation_status " +
      "WHERE status <> 'completed' AND pinned_deployment_id IS NOT NULL GROUP BY pinned_deployment_id",
    signal,
  );
  return new Map(rows.map(({ id, n }) => [id, n]));
}

export function stageOf(id: string, services: Service[], pinned: Map<string, number>): Stage {
  if (services.some(({ deployment_id }) => deployment_id === id)) return "active";
  return pinned.get(id) ? "draining" : "drained";
}

function parseHeaders(text: string): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const line of text.split("\n").map((l) => l.trim()).filter(Boolean)) {
    const colon = line.indexOf(":");
    if (colon <= 0) return undefined;
    headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function ServiceList({ services }: { services: Service[] }) {
  return (
    <ul class="found">
      {services.map((service) => (
        <li key={service.name}>
          <span class="strong">{service.name}</span>
          <span class="muted">{typeLabels[service.ty]} · {plural(service.handlers.length, "handler")} · revision {service.revision}</span>
        </li>
      ))}
    </ul>
  );
}

/** Asks the endpoint first, shows what would change, and registers it when that is confirmed. */
function RegisterDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [address, setAddress] = useState("");
  const [http11, setHttp11] = useState(false);
  const [force, setForce] = useState(false);
  const [breaking, setBreaking] = useState(false);
  const [headers, setHeaders] = useState("");
  const [role, setRole] = useState("");
  const [preview, setPreview] = useState<Registration & { created: boolean }>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const target = address.trim();
  const lambda = target.startsWith("arn:");
  const parsed = parseHeaders(headers);

  const submit = async () => {
    if (!parsed) return;
    const request: RegistrationRequest = {
      ...(lambda ? { arn: target, ...(role.trim() && { assume_role_arn: role.trim() }) } : { uri: target, use_http_11: http11 }),
      force,
      breaking,
      ...(Object.keys(parsed).length && { additional_headers: parsed }),
      dry_run: !preview,
    };
    setBusy(true);
    setError(undefined);
    try {
      const result = await api.register(request);
      if (!preview) setPreview(result);
      else {
        toast(`Registered ${plural(result.services.length, "service")}`);
        onDone();
      }
    } catch (problem) {
      setError(problem as ApiError);
    } finally {
      setBusy(false);
    }
  };
  // Each step begins with the focus where Enter goes on.
  useEffect(() => {
    document.querySelector<HTMLElement>(preview ? "dialog[open] button[type=submit]" : "dialog[open] input")?.focus();
  }, [preview]);
  const known = preview && !preview.created && !force;
  return (
    <Dialog title="Register a deployment" wide onClose={onClose} onSubmit={() => (known ? onDone() : void submit())}
      footer={
        <>
          <Button onClick={preview ? () => setPreview(undefined) : onClose}>Back</Button>
          <Button type="submit" look="primary" busy={busy} disabled={!target || !parsed}>
            {!preview ? "Preview" : known ? "Close" : "Register"}
          </Button>
        </>
      }>
      {preview ? (
        <>
          <p class="mono break">{target}</p>
          {known ? (
            <Notice tone="warn" title="This address is registered already">
              Nothing would change. To read it again, go back and choose to overwrite.
            </Notice>
          ) : (
            <p>{preview.services.length
              ? `It serves ${plural(preview.services.length, "service")}. New invocations go to these revisions once it is registered.`
              : "It answers, but serves nothing."}</p>
          )}
          <ServiceList services={preview.services} />
          {preview.info?.map(({ code, message }) => <Notice key={message} tone="warn" title={code}>{message}</Notice>)}
        </>
      ) : (
        <>
          <Field label="Address" hint="Where the services listen, or the ARN of an AWS Lambda function with its version">
            {(id, hint) => (
              <input id={id} aria-describedby={hint} autoFocus placeholder="http://localhost:9080" inputMode="url" autocomplete="off"
                spellcheck={false} value={address} onInput={(event) => setAddress(event.currentTarget.value)} />
            )}
          </Field>
          <details class="more">
            <summary>Options</summary>
            <div class="stack">
              {!lambda && <Check label="Use HTTP/1.1" hint="For endpoints that do not speak HTTP/2" checked={http11} onChange={setHttp11} />}
              <Check label="Overwrite" hint="Read a known address again. For development: what runs there may not fit the new code" checked={force} onChange={setForce} />
              <Check label="Allow breaking changes" hint="A service may change its type" checked={breaking} onChange={setBreaking} />
              {lambda && (
                <Field label="Role to assume">
                  {(id) => <input id={id} placeholder="arn:aws:iam::…" spellcheck={false} value={role} onInput={(event) => setRole(event.currentTarget.value)} />}
                </Field>
              )}
              <Field label="Headers" hint="One a line, such as authorization: Bearer …. Sent with each request to this deployment"
                error={parsed ? undefined : "Each line needs a name, a colon and a value."}>
                {(id, hint) => (
                  <textarea id={id} aria-describedby={hint} rows={2} spellcheck={false} value={headers}
                    onInput={(event) => setHeaders(event.currentTarget.value)} />
                )}
              </Field>
            </div>
          </details>
        </>
      )}
      {error && <Failed error={error} what={preview ? "It could not be registered" : "The address does not answer as it should"} />}
    </Dialog>
  );
}

function DeploymentRow({ deployment, stage, pinned, now }: { deployment: Deployment; stage: Stage | undefined; pinned: number; now: number }) {
  return (
    <tr data-row>
      <td class="cell-target">
        <a class="row-link strong mono break" data-row-link href={href(`/deployments/${deployment.id}`)}>{deployment.uri ?? deployment.arn}</a>
        <Id id={deployment.id} short link={false} />
      </td>
      <td data-label="Stage">{stage ? <StageTag stage={stage} /> : <span class="muted">–</span>}</td>
      <td class="cell-wide" data-label="Services">
        <span class="words">
          {[...deployment.services].sort((a, b) => a.name.localeCompare(b.name)).map(({ name, revision }) => (
            <span key={name}><code>{name}</code><span class="muted small"> {revision}</span></span>
          ))}
        </span>
      </td>
      <td class="cell-number" data-label="Open invocations">{pinned}</td>
      <td data-label="SDK"><span class="muted">{deployment.sdk_version?.replace("restate-sdk-", "") ?? "–"}</span></td>
      <td class="cell-time" data-label="Registered"><Time at={deployment.created_at} now={now} /></td>
    </tr>
  );
}

export function DeploymentsPage({ params }: { params: URLSearchParams }) {
  const now = useNow(5000);
  const deployments = useLoad(() => api.deployments(), [], { every: 15_000 });
  const services = useLoad(() => api.services(), [], { every: 15_000 });
  const pinned = useLoad(readPinned, [], { every: 15_000 });
  const registering = params.has("register");
  const register = (on: boolean) => navigate(href("/deployments", { register: on ? "1" : "" }), { replace: !on });
  const reload = () => [deployments, services, pinned].forEach((each) => each.reload());
  useKeys({ ...rowKeys, r: reload });
  const error = deployments.error ?? services.error ?? pinned.error;
  const rows = deployments.value;
  return (
    <>
      <PageHead title="Deployments" sub={rows ? plural(rows.length, "deployment") : " "}>
        <Button look="primary" icon="plus" onClick={() => register(true)}>Register deployment</Button>
      </PageHead>
      {error && <Failed error={error} retry={reload} />}
      <Card flush>
        {!rows ? !deployments.error && <div class="card-body"><Skeleton lines={3} height={40} /></div>
          : rows.length === 0 ? (
            <Empty icon="deployments" title="No deployments yet" actions={<Button look="primary" icon="plus" onClick={() => register(true)}>Register deployment</Button>}>
              A deployment is a place where services listen: a process, a container, or a Lambda function.
            </Empty>
          ) : (
            <table class="table table-stack">
              <caption class="hidden">Deployments</caption>
              <thead>
                <tr><th>Address</th><th>Stage</th><th>Services</th><th class="cell-number">Open</th><th>SDK</th><th class="cell-time">Registered</th></tr>
              </thead>
              <tbody>
                {rows.map((deployment) => (
                  <DeploymentRow key={deployment.id} deployment={deployment} now={now} pinned={pinned.value?.get(deployment.id) ?? 0}
                    stage={services.value && pinned.value && stageOf(deployment.id, services.value, pinned.value)} />
                ))}
              </tbody>
            </table>
          )}
      </Card>
      {registering && <RegisterDialog onClose={() => register(false)} onDone={() => {
        register(false);
        reload();
      }} />}
    </>
  );
}
