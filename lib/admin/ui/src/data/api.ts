// The admin API. One place adds the token, and one turns answers into values or errors.

import { apiBase } from "./base";

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: there was no answer
    readonly code: string | null,
    message: string,
  ) {
    super(message);
  }
}

const tokenKey = "restate.token";
let token = read();
const unauthorized = new Set<() => void>();

function read() {
  try {
    return sessionStorage.getItem(tokenKey) ?? localStorage.getItem(tokenKey) ?? "";
  } catch {
    return "";
  }
}

export const hasToken = () => token !== "";

/** Used for every request from now on; kept for this tab, or on this machine. */
export function setToken(value: string, remember: boolean) {
  token = value;
  try {
    sessionStorage.removeItem(tokenKey);
    localStorage.removeItem(tokenKey);
    if (value) (remember ? localStorage : sessionStorage).setItem(tokenKey, value);
  } catch {
    // Without storage it lasts as long as the page.
  }
}

/** Told whenever the server wants a token that it did not get. */
export function onUnauthorized(listener: () => void) {
  unauthorized.add(listener);
  return () => void unauthorized.delete(listener);
}

async function problemOf(response: Response) {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as { message?: string; restate_code?: string | null };
    if (body.message) return new ApiError(response.status, body.restate_code ?? null, body.message);
  } catch {
    // Not every error is JSON.
  }
  return new ApiError(response.status, null, text || `The server answered ${response.status} ${response.statusText}`.trim());
}

export interface CallOptions {
  body?: unknown;
  signal?: AbortSignal;
}

export async function send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(apiBase + path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      cache: "no-store",
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, null, "The server cannot be reached.");
  }
  if (response.ok) return response;
  if (response.status === 401) unauthorized.forEach((listener) => listener());
  throw await problemOf(response);
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

const segment = encodeURIComponent;

// --- What the API answers, as far as the page uses it ---

export interface Version {
  version: string;
  ingress_endpoint?: string;
  features?: Record<string, boolean>;
}

export interface ServerInfo {
  /** The server's own version, which is not the one it is compatible with. */
  version?: string;
  /** Others than this machine can reach the API. */
  exposed?: boolean;
  /** The API wants a token. */
  token?: boolean;
}

export interface Info {
  code?: string;
  message: string;
}

export interface Handler {
  name: string;
  ty?: "Exclusive" | "Shared" | "Workflow";
  public: boolean;
  input_description: string;
  output_description: string;
  documentation?: string;
  idempotency_retention?: string;
  journal_retention?: string;
  inactivity_timeout?: string;
  abort_timeout?: string;
  enable_lazy_state?: boolean;
  retry_policy?: Partial<RetryPolicy>;
  info?: Info[];
}

export interface RetryPolicy {
  initial_interval: string;
  exponentiation_factor: number;
  max_attempts: number | null;
  max_interval: string;
  on_max_attempts: "Pause" | "Kill";
}

export type ServiceType = "Service" | "VirtualObject" | "Workflow";

export interface Service {
  name: string;
  ty: ServiceType;
  handlers: Handler[];
  deployment_id: string;
  revision: number;
  public: boolean;
  documentation?: string;
  idempotency_retention: string;
  workflow_completion_retention?: string;
  journal_retention?: string;
  inactivity_timeout: string;
  abort_timeout: string;
  enable_lazy_state: boolean;
  retry_policy: RetryPolicy;
  info?: Info[];
}

interface DeploymentBase {
  id: string;
  uri?: string;
  arn?: string;
  assume_role_arn?: string;
  protocol_type?: "RequestResponse" | "BidiStream";
  http_version?: string;
  additional_headers?: Record<string, string>;
  metadata?: Record<string, string>;
  created_at: string;
  min_protocol_version: number;
  max_protocol_version: number;
  sdk_version?: string;
  info?: Info[];
}

export interface Deployment extends DeploymentBase {
  services: { name: string; revision: number }[];
}

export interface DeploymentDetail extends DeploymentBase {
  services: Service[];
}

export interface Registration {
  id: string;
  services: Service[];
  sdk_version?: string;
  info?: Info[];
}

export interface RegistrationRequest {
  uri?: string;
  arn?: string;
  assume_role_arn?: string;
  use_http_11?: boolean;
  additional_headers?: Record<string, string>;
  force?: boolean;
  breaking?: boolean;
  dry_run?: boolean;
}

export interface ServiceSettings {
  public?: boolean;
  idempotency_retention?: string;
  workflow_completion_retention?: string;
  journal_retention?: string;
  inactivity_timeout?: string;
  abort_timeout?: string;
}

export const api = {
  version: () => call<Version>("GET", "/version"),
  /** A route of our own server; nothing from a server that does not have it. */
  info: () => call<ServerInfo>("GET", "/internal/server-info").catch((): ServerInfo => ({})),
  deployments: async () =>
    (await call<{ deployments: Deployment[] }>("GET", "/deployments")).deployments.sort((a, b) =>
      b.created_at.localeCompare(a.created_at),
    ),
  deployment: (id: string) => call<DeploymentDetail>("GET", `/deployments/${segment(id)}`),
  register: async (request: RegistrationRequest) => {
    const response = await send("POST", "/deployments", { body: request });
    return { created: response.status === 201, ...((await response.json()) as Registration) };
  },
  moveDeployment: (id: string, request: Record<string, unknown>) =>
    call<DeploymentDetail>("PATCH", `/deployments/${segment(id)}`, { body: request }),
  removeDeployment: (id: string) => call<void>("DELETE", `/deployments/${segment(id)}?force=true`),
  services: async () =>
    (await call<{ services: Service[] }>("GET", "/services")).services.sort((a, b) => a.name.localeCompare(b.name)),
  service: (name: string) => call<Service>("GET", `/services/${segment(name)}`),
  changeService: (name: string, settings: ServiceSettings) =>
    call<Service>("PATCH", `/services/${segment(name)}`, { body: settings }),
  replaceState: (service: string, key: string, state: Record<string, number[]>, version?: string) =>
    call<void>("POST", `/services/${segment(service)}/state`, {
      body: { object_key: key, new_state: state, ...(version && { version }) },
    }),
};
