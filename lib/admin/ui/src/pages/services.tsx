// All services, at the revision that new invocations go to.

import { useState } from "preact/hooks";
import { api, type ServiceType } from "../data/api";
import { plural } from "../data/format";
import { useLoad } from "../data/load";
import { Card, Empty, Failed, Id, PageHead, Skeleton, Tag } from "../parts/basics";
import { Icon } from "../parts/icons";
import { rowKeys, useKeys } from "../parts/keys";
import { href } from "../router";

export const typeLabels: Record<ServiceType, string> = {
  Service: "Service",
  VirtualObject: "Virtual object",
  Workflow: "Workflow",
};

export function ServicesPage() {
  const services = useLoad(() => api.services(), [], { every: 15_000 });
  const [search, setSearch] = useState("");
  useKeys({ ...rowKeys, r: services.reload });
  const needle = search.trim().toLowerCase();
  const rows = services.value?.filter(({ name, handlers }) =>
    !needle || name.toLowerCase().includes(needle) || handlers.some((handler) => handler.name.toLowerCase().includes(needle)));
  return (
    <>
      <PageHead title="Services" sub={services.value ? plural(services.value.length, "service") : " "}>
        <a class="button button-plain" href={href("/deployments", { register: "1" })}><Icon name="plus" />Register deployment</a>
      </PageHead>
      {services.error && <Failed error={services.error} retry={services.reload} />}
      {(services.value?.length ?? 0) > 0 && (
        <div class="filters">
          <div class="filter-row">
            <div class="search">
              <Icon name="search" />
              <input type="search" data-search aria-label="Service or handler" placeholder="Service or handler" value={search}
                onInput={(event) => setSearch(event.currentTarget.value)} />
              <kbd aria-hidden="true">/</kbd>
            </div>
          </div>
        </div>
      )}
      <Card flush>
        {!rows ? !services.error && <div class="card-body"><Skeleton lines={5} height={36} /></div>
          : services.value!.length === 0 ? (
            <Empty icon="services" title="No services yet"
              actions={<a class="button button-primary" href={href("/deployments", { register: "1" })}>Register a deployment</a>}>
              Services come with the deployment that serves them.
            </Empty>
          ) : rows.length === 0 ? <Empty icon="search" title="Nothing matches">No service or handler has such a name.</Empty>
          : (
            <table class="table table-stack">
              <caption class="hidden">Services</caption>
              <thead>
                <tr>
                  <th>Name</th><th>Type</th><th>Handlers</th><th class="cell-number">Revision</th><th>Deployment</th><th>Access</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((service) => (
                  <tr key={service.name} data-row>
                    <td class="cell-target">
                      <a class="row-link strong" data-row-link href={href(`/services/${encodeURIComponent(service.name)}`)}>{service.name}</a>
                    </td>
                    <td data-label="Type">{typeLabels[service.ty]}</td>
                    <td class="cell-wide" data-label="Handlers">
                      <span class="words">{service.handlers.map(({ name }) => name).sort().map((name) => <code key={name}>{name}</code>)}</span>
                    </td>
                    <td class="cell-number" data-label="Revision">{service.revision}</td>
                    <td data-label="Deployment"><Id id={service.deployment_id} short /></td>
                    <td data-label="Access">
                      {service.public ? "Public" : <Tag title="Only other services may call it">Private</Tag>}
                      {(service.info?.length ?? 0) > 0 && <> <Tag tone="warn">{plural(service.info!.length, "remark")}</Tag></>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
      </Card>
    </>
  );
}
