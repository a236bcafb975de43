// One deployment: what it serves, and how to change or remove it.

import { useState } from "preact/hooks";
import { api, ApiError, type DeploymentDetail } from "../data/api";
import { plural } from "../data/format";
import { useLoad } from "../data/load";
import { Button, Card, Check, Dialog, Empty, Facts, Failed, Field, Id, Notice, PageHead, Skeleton, Tag, Time, useNow } from "../parts/basics";
import { Icon } from "../parts/icons";
import { toast } from "../parts/toasts";
import { href, navigate } from "../router";
import { readPinned, stageOf, StageTag } from "./deployments";
import { typeLabels } from "./services";

function MoveDialog({ deployment, onClose, onDone }: { deployment: DeploymentDetail; onClose: () => void; onDone: () => void }) {
  const [address, setAddress] = useState(deployment.uri ?? deployment.arn ?? "");
  const [overwrite, setOverwrite] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const target = address.trim();
      await api.moveDeployment(deployment.id, { ...(target.startsWith("arn:") ? { arn: target } : { uri: target }), overwrite });
      toast("Deployment changed");
      onDone();
    } catch (problem) {
      setError(problem as ApiError);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Change the address" onClose={onClose} onSubmit={() => void save()}
      footer={<><Button onClick={onClose}>Back</Button><Button type="submit" look="primary" busy={busy} disabled={!address.trim()}>Save</Button></>}>
      <p>Invocations that began on this deployment go on at the new address, with the same revisions. The code there must fit
        their journals.</p>
      <Field label="Address">
        {(id) => <input id={id} autoFocus spellcheck={false} value={address} onInput={(event) => setAddress(event.currentTarget.value)} />}
      </Field>
      <Check label="Read the services again" hint="Handlers and settings become those of the new address" checked={overwrite} onChange={setOverwrite} />
      {error && <Failed error={error} />}
    </Dialog>
  );
}

function RemoveDialog({ deployment, pinned, active, onClose, onDone }: {
  deployment: DeploymentDetail;
  pinned: number;
  active: boolean;
  onClose: () => void;
  onDone: () => void;
}) {
  const [busy, setBusy] = useState(false);
  const [sure, setSure] = useState(false);
  const [error, setError] = useState<ApiError>();
  const risky = pinned > 0 || active;
  const remove = async () => {
    setBusy(true);
    try {
      await api.removeDeployment(deployment.id);
      toast("Deployment removed");
      onDone();
    } catch (problem) {
      setError(problem as ApiError);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Remove this deployment?" onClose={onClose} onSubmit={() => void remove()}
      footer={<><Button onClick={onClose}>Back</Button><Button type="submit" look="danger" busy={busy} disabled={risky && !sure}>Remove</Button></>}>
      <p class="mono break">{deployment.uri ?? deployment.arn}</p>
      {pinned > 0 && <Notice tone="bad" title={`${plural(pinned, "invocation")} began here`}>They cannot go on without it, and fail again and again.</Notice>}
      {active && <Notice tone="warn" title="It is active">New invocations go to the revision before, or find no service at all.</Notice>}
      {!risky && <p>Nothing runs here any more. Removing it is safe.</p>}
      {risky && <Check label="Remove it nevertheless" checked={sure} onChange={setSure} />}
      {error && <Failed error={error} />}
    </Dialog>
  );
}

export function DeploymentPage({ id }: { id: string }) {
  const now = useNow(5000);
  const deployment = useLoad(() => api.deployment(id), [id]);
  const services = useLoad(() => api.services(), [id]);
  const pinned = useLoad(readPinned, [id], { every: 10_000 });
  const [dialog, setDialog] = useState<"move" | "remove">();
  const value = deployment.value;
  const back = <a class="back" href={href("/deployments")}><Icon name="left" size={14} />Deployments</a>;
  if (!value) {
    return (
      <>
        {back}
        <PageHead title="Deployment" sub={<span class="mono break">{id}</span>} />
        {deployment.error?.status === 404
          ? <Empty icon="search" title="There is no such deployment">It may have been removed.</Empty>
          : deployment.error ? <Failed error={deployment.error} retry={deployment.reload} />
          : <Card><Skeleton lines={6} height={24} /></Card>}
      </>
    );
  }
  const open = pinned.value?.get(id) ?? 0;
  const stage = services.value && pinned.value && stageOf(id, services.value, pinned.value);
  return (
    <>
      {back}
      <PageHead title={<span class="break">{value.uri ?? value.arn}</span>} sub={<Id id={value.id} link={false} />}>
        <a class="button button-plain" href={href("/invocations", { deployment: id })}>Invocations</a>
        <Button icon="edit" onClick={() => setDialog("move")}>Change address</Button>
        <Button look="danger" icon="trash" onClick={() => setDialog("remove")}>Remove</Button>
      </PageHead>
      {value.info?.map(({ code, message }) => <Notice key={message} tone="warn" title={code}>{message}</Notice>)}
      <Card>
        <Facts rows={[
          ["Stage", stage ? <StageTag stage={stage} /> : "–"],
          ["Open invocations", pinned.value ? String(open) : "–"],
          ["Registered", <Time at={value.created_at} now={now} />],
          ["SDK", value.sdk_version],
          ["Protocol", `${value.min_protocol_version} to ${value.max_protocol_version}`],
          ["Connection", value.protocol_type === "BidiStream" ? "Both directions" : value.protocol_type && "Request and response"],
          ["HTTP", value.http_version],
          ["Role", value.assume_role_arn],
          ...Object.entries(value.metadata ?? {}).map(([key, text]): [string, string] => [key, text]),
          ["Headers", value.additional_headers && Object.keys(value.additional_headers).join(", ")],
        ]} />
      </Card>
      <Card title={plural(value.services.length, "service")} flush>
        <table class="table table-stack">
          <caption class="hidden">Services of this deployment</caption>
          <thead><tr><th>Service</th><th>Type</th><th class="cell-number">Revision</th><th>Handlers</th><th></th></tr></thead>
          <tbody>
            {[...value.services].sort((a, b) => a.name.localeCompare(b.name)).map((service) => {
              const active = services.value?.find(({ name }) => name === service.name);
              return (
                <tr key={service.name}>
                  <td class="cell-target"><a class="row-link strong" href={href(`/services/${encodeURIComponent(service.name)}`)}>{service.name}</a></td>
                  <td data-label="Type">{typeLabels[service.ty]}</td>
                  <td class="cell-number" data-label="Revision">{service.revision}</td>
                  <td class="cell-wide" data-label="Handlers"><span class="words">{service.handlers.map(({ name }) => <code key={name}>{name}</code>)}</span></td>
                  <td>{active?.deployment_id === id ? <Tag tone="good">Active</Tag> : active ? <Tag>Revision {active.revision} is active</Tag> : null}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Card>
      {dialog === "move" && <MoveDialog deployment={value} onClose={() => setDialog(undefined)} onDone={() => {
        setDialog(undefined);
        deployment.reload();
        services.reload();
      }} />}
      {dialog === "remove" && <RemoveDialog deployment={value} pinned={open} active={stage === "active"} onClose={() => setDialog(undefined)}
        onDone={() => navigate(href("/deployments"))} />}
    </>
  );
}
