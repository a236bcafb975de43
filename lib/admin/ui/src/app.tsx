// The frame around every page: navigation, banners, shortcuts.

import { Component, type ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api, onUnauthorized, type ServerInfo, type Version } from "./data/api";
import { useLoad } from "./data/load";
import { DeploymentPage } from "./pages/deployment";
import { DeploymentsPage } from "./pages/deployments";
import { InvocationPage } from "./pages/invocation";
import { InvocationsPage } from "./pages/invocations";
import { OverviewPage } from "./pages/overview";
import { ServicePage } from "./pages/service";
import { ServicesPage } from "./pages/services";
import { SqlPage } from "./pages/sql";
import { StatePage } from "./pages/state";
import { Button, Dialog, Empty, PageHead } from "./parts/basics";
import { Icon, type IconName } from "./parts/icons";
import { useKeys } from "./parts/keys";
import { ThemeButton } from "./parts/theme";
import { Toasts } from "./parts/toasts";
import { TokenPage } from "./parts/token";
import { followLinks, href, navigate, usePlace, type Place } from "./router";

const sections: { path: string; label: string; icon: IconName; key: string }[] = [
  { path: "", label: "Overview", icon: "overview", key: "o" },
  { path: "/invocations", label: "Invocations", icon: "invocations", key: "i" },
  { path: "/services", label: "Services", icon: "services", key: "s" },
  { path: "/deployments", label: "Deployments", icon: "deployments", key: "d" },
  { path: "/state", label: "State", icon: "state", key: "t" },
  { path: "/sql", label: "SQL", icon: "sql", key: "q" },
];

function decode(part: string) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A page that fails leaves the others usable. */
class Guard extends Component<{ children: ComponentChildren }, { failed?: string }> {
  static getDerivedStateFromError(error: unknown) {
    return { failed: String((error as Error).message ?? error) };
  }
  render() {
    if (this.state.failed === undefined) return this.props.children;
    return (
      <>
        <PageHead title="Something went wrong" />
        <Empty icon="warning" title="This page failed" actions={<Button onClick={() => location.reload()}>Load it again</Button>}>
          <span class="mono break">{this.state.failed}</span>
        </Empty>
      </>
    );
  }
}

function Page({ place }: { place: Place }) {
  const [, section = "", ...rest] = place.path.split("/").map(decode);
  const name = rest.join("/");
  switch (section) {
    case "":
      return <OverviewPage />;
    case "invocations":
      return name ? <InvocationPage key={name} id={name} /> : <InvocationsPage params={place.params} />;
    case "services":
      return name ? <ServicePage key={name} name={name} /> : <ServicesPage />;
    case "deployments":
      return name ? <DeploymentPage key={name} id={name} /> : <DeploymentsPage params={place.params} />;
    case "state":
      return <StatePage params={place.params} />;
    case "sql":
      return <SqlPage params={place.params} />;
    default:
      return (
        <>
          <PageHead title="Not found" />
          <Empty icon="search" title="There is no such page" actions={<a class="button button-plain" href={href("")}>Overview</a>}>
            The address may be mistyped.
          </Empty>
        </>
      );
  }
}

function Navigation({ current }: { current: string }) {
  return (
    <nav class="nav" aria-label="Sections">
      {sections.map(({ path, label, icon, key }) => (
        <a key={path} href={href(path)} aria-current={current === path ? "page" : undefined} title={`${label} (g ${key})`}>
          <Icon name={icon} size={18} />
          <span>{label}</span>
        </a>
      ))}
    </nav>
  );
}

const localNames = /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/;

/** Others can do here what this page can, and nothing keeps them out. */
function openToOthers(info: ServerInfo | undefined) {
  if (!info || info.token) return false;
  return info.exposed ?? !localNames.test(location.hostname);
}

function OpenBanner() {
  const [hidden, setHidden] = useState(false);
  if (hidden) return null;
  return (
    <div class="banner" role="region" aria-label="Security warning">
      <Icon name="warning" />
      <p>
        <strong>The admin port is open.</strong> Whoever reaches it can change this server, and no token is asked for.
        Bind it to this machine, or set a token.
      </p>
      <Button look="quiet" icon="close" aria-label="Hide this warning" onClick={() => setHidden(true)} />
    </div>
  );
}

function Shortcuts({ onClose }: { onClose: () => void }) {
  const rows: [string[], string][] = [
    ...sections.map(({ label, key }): [string[], string] => [["g", key], label]),
    [["/"], "Search or filter"],
    [["j"], "Next row"],
    [["k"], "Previous row"],
    [["x"], "Select the row"],
    [["n"], "Next page"],
    [["p"], "Previous page"],
    [["r"], "Load again"],
    [["Ctrl", "Enter"], "Run the statement (SQL)"],
    [["?"], "This list"],
  ];
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} onSubmit={onClose}
      footer={<Button type="submit" look="primary">Close</Button>}>
      <dl class="shortcuts">
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function versionText(version: Version | undefined, info: ServerInfo | undefined) {
  if (info?.version) return `Version ${info.version}`;
  return version ? `Version ${version.version}` : "";
}

export function App() {
  const place = usePlace();
  const [locked, setLocked] = useState(false);
  const [help, setHelp] = useState(false);
  const version = useLoad(() => api.version(), [locked], { every: 10_000 });
  const info = useLoad(() => api.info(), [locked]);
  const current = sections.findLast(({ path }) => path === "" ? place.path === "" : place.path.startsWith(path))?.path ?? "-";

  useEffect(() => onUnauthorized(() => setLocked(true)), []);
  useEffect(() => {
    document.addEventListener("click", followLinks);
    return () => document.removeEventListener("click", followLinks);
  }, []);
  useEffect(() => {
    const label = sections.find(({ path }) => path === current)?.label;
    document.title = label ? `${label} · Restate` : "Restate";
  }, [current]);
  useKeys({
    "?": () => setHelp(true),
    "/": () => document.querySelector<HTMLElement>("[data-search]")?.focus(),
    ...Object.fromEntries(sections.map(({ path, key }) => [`g ${key}`, () => navigate(href(path))])),
  });

  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>Skip to content</a>
      <div class="side"><div class="side-inner">
        <a class="brand" href={href("")}>
          <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" class="brand-box" />
            <path class="brand-line" d="M9 10h9a5 5 0 0 1 0 10h-7m3-3.5L10.5 20l3.5 3.5" />
            <circle cx="9" cy="10" r="2.4" class="brand-dot" />
          </svg>
          <span>Restate</span>
        </a>
        <Navigation current={current} />
        <div class="side-foot">
          <span class="side-version" title={info.value?.version && version.value ? `Compatible with ${version.value.version}` : undefined}>
            {versionText(version.value, info.value)}
          </span>
          <span class="side-tools">
            <Button look="quiet" icon="help" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={() => setHelp(true)} />
            <ThemeButton />
          </span>
        </div>
      </div></div>
      {locked ? (
        <TokenPage done={() => setLocked(false)} />
      ) : (
        <main class="main" id="main" tabIndex={-1}>
          {openToOthers(info.value) && <OpenBanner />}
          {version.error?.status === 0 && (
            <div class="banner banner-bad" role="alert">
              <Icon name="warning" />
              <p><strong>The server cannot be reached.</strong> What you see may be old.</p>
              <Button small onClick={version.reload}>Try again</Button>
            </div>
          )}
          <Guard key={place.path}><Page place={place} /></Guard>
        </main>
      )}
      {help && <Shortcuts onClose={() => setHelp(false)} />}
      <Toasts />
    </div>
  );
}
