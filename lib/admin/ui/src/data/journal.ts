// The journal of an invocation as steps: each command with the notification that completed it, and
// what happened on the way.

export interface JournalRow {
  index: number;
  entry_type: string;
  name?: string;
  raw_length?: number;
  entry_lite_json?: string;
  appended_at?: string;
}

export interface EventRow {
  after_journal_entry_index?: number;
  appended_at: string;
  event_type: string;
  event_json?: string;
}

export interface Failure {
  error_code?: number;
  error_message?: string;
  error_stacktrace?: string;
  restate_doc_error_code?: string;
  related_command_index?: number;
  related_command_name?: string;
  related_command_type?: string;
}

export type StepResult = "success" | "failure" | "waiting" | "none";

export interface Step {
  kind: "command" | "signal";
  index: number; // in the journal
  type: string; // Run, Call, Sleep ...
  title: string;
  detail: string;
  size: number;
  start?: number;
  end?: number; // of the notification, or the start of what completes at once
  result: StepResult;
  completedBy?: number; // the journal index of the notification
  childId?: string;
  wakeUp?: number;
}

export interface JournalEvent {
  kind: "event";
  type: string;
  at: number;
  after: number;
  failure?: Failure;
  text?: string;
}

export type TimelineItem = Step | JournalEvent;

type Json = Record<string, unknown>;

export function parseJson(text: string | undefined): Json | undefined {
  try {
    return text ? (JSON.parse(text) as Json) : undefined;
  } catch {
    return undefined;
  }
}

export function targetText(target: unknown): string {
  const [kind, value] = Object.entries((target ?? {}) as Json)[0] ?? [];
  const { name, key, handler } = (value ?? {}) as Record<string, string>;
  if (!kind || !name) return "";
  return [name, ...(key === undefined ? [] : [key]), handler].join("/");
}

const time = (text: string | undefined) => (text ? Date.parse(text) : undefined);

const verbs: Record<string, string> = {
  Input: "Input",
  Output: "Output",
  GetLazyState: "Get state",
  GetEagerState: "Get state",
  GetLazyStateKeys: "List state keys",
  GetEagerStateKeys: "List state keys",
  SetState: "Set state",
  ClearState: "Clear state",
  ClearAllState: "Clear all state",
  GetPromise: "Await promise",
  PeekPromise: "Peek promise",
  CompletePromise: "Complete promise",
  Sleep: "Sleep",
  Call: "Call",
  OneWayCall: "Send",
  SendSignal: "Send signal",
  Run: "Run",
  AttachInvocation: "Attach to invocation",
  GetInvocationOutput: "Get output of invocation",
  CompleteAwakeable: "Complete awakeable",
};

/** What a reader calls a type of entry. */
export const verb = (type: string) => verbs[type] ?? type;

function signalText(id: unknown): string {
  const { Index, SignalIndex, Name, SignalName } = (id ?? {}) as Record<string, unknown>;
  const index = Index ?? SignalIndex;
  if (index === 1) return "cancel";
  return String(Name ?? SignalName ?? index ?? "");
}

function describe(type: string, body: Json): string {
  const request = (body.request ?? body) as Json;
  switch (type) {
    case "Call":
    case "OneWayCall":
      return targetText(request.invocation_target);
    case "SendSignal":
      return signalText(body.signal_id);
    case "CompleteAwakeable":
      return String(body.id ?? "");
    case "AttachInvocation":
    case "GetInvocationOutput":
      return String((body.target as Json | undefined)?.InvocationId ?? "");
    default:
      return typeof body.key === "string" ? body.key : "";
  }
}

function resultOf(result: unknown): StepResult {
  if (result === "Failure") return "failure";
  if (typeof result === "object" && result && "Failure" in result) return "failure";
  return "success";
}

/** Commands whose effect is there as soon as they are in the journal. */
function commandStep(row: JournalRow): Step {
  const type = row.entry_type.replace(/^Command: /, "");
  const body = (Object.values((parseJson(row.entry_lite_json)?.Command ?? {}) as Json)[0] ?? {}) as Json;
  const request = (body.request ?? body) as Json;
  const step: Step = {
    kind: "command",
    index: row.index,
    type,
    title: verb(type),
    detail: describe(type, body) || row.name || "",
    size: row.raw_length ?? 0,
    start: time(row.appended_at),
    end: time(row.appended_at),
    result: type === "Output" ? resultOf(body.result) : "none",
  };
  if (type === "Call" || type === "OneWayCall") step.childId = request.invocation_id as string | undefined;
  if (type === "Sleep" && typeof body.wake_up_time === "number") step.wakeUp = body.wake_up_time;
  return step;
}

function completionOf(row: JournalRow): number | undefined {
  const body = (Object.values((parseJson(row.entry_lite_json)?.Command ?? {}) as Json)[0] ?? {}) as Json;
  const id = body.result_completion_id ?? body.completion_id;
  return typeof id === "number" ? id : undefined;
}

/** Steps in the order of the journal; events where they happened. */
export function timeline(rows: JournalRow[], events: EventRow[]): TimelineItem[] {
  const steps: Step[] = [];
  const waiting = new Map<number, Step>();
  for (const row of rows) {
    if (row.entry_type.startsWith("Command: ")) {
      const step = commandStep(row);
      steps.push(step);
      // A call without a result to wait for has an id to wait for; it arrives at once.
      const id = step.type === "OneWayCall" ? undefined : completionOf(row);
      if (id !== undefined) {
        step.result = "waiting";
        step.end = undefined;
        waiting.set(id, step);
      }
      continue;
    }
    const lite = parseJson(row.entry_lite_json)?.Notification as Json | undefined;
    const id = lite?.id as Json | undefined;
    if (id && typeof id.CompletionId === "number") {
      const step = waiting.get(id.CompletionId);
      if (step) {
        step.result = resultOf(lite?.result);
        step.end = time(row.appended_at);
        step.completedBy = row.index;
        step.size += row.raw_length ?? 0;
      }
      continue;
    }
    if (row.entry_type === "Notification: Signal") {
      const at = time(row.appended_at);
      steps.push({
        kind: "signal", index: row.index, type: "Signal", title: "Signal", detail: signalText(id),
        size: row.raw_length ?? 0, start: at, end: at, result: resultOf(lite?.result),
      });
    }
  }
  return merge(steps, events);
}

function merge(steps: Step[], events: EventRow[]): TimelineItem[] {
  const pending = events
    .map(eventOf)
    .sort((a, b) => a.after - b.after || a.at - b.at);
  const items: TimelineItem[] = [];
  for (const step of steps) {
    while (pending.length && pending[0].after < step.index) items.push(pending.shift()!);
    items.push(step);
  }
  return [...items, ...pending];
}

export function eventOf(row: EventRow): JournalEvent {
  const body = parseJson(row.event_json) ?? {};
  const failure = (row.event_type === "Paused" ? body.last_failure : body) as Failure | undefined;
  return {
    kind: "event",
    type: row.event_type,
    at: Date.parse(row.appended_at),
    after: row.after_journal_entry_index ?? -1,
    failure: failure?.error_message === undefined ? undefined : failure,
  };
}

// --- The details of one entry, with its payloads ---

export interface Detail {
  label: string;
  value?: string; // text of ours
  bytes?: number[]; // bytes of the user
  failure?: { code: number; message: string };
}

type WithResult = { Success?: number[]; Failure?: { code: number; message: string } } | string | undefined;

function resultDetail(label: string, result: WithResult): Detail[] {
  if (result === "Void" || result === undefined) return [{ label, value: "nothing" }];
  if (typeof result === "string") return [{ label, value: result }];
  if (result.Failure) return [{ label, failure: result.Failure }];
  return [{ label, bytes: result.Success ?? [] }];
}

const iso = (ms: unknown) => (typeof ms === "number" && ms > 0 ? new Date(ms).toISOString() : "now");

function headersDetail(headers: unknown): Detail[] {
  const list = (headers ?? []) as { name: string; value: string }[];
  return list.length ? [{ label: "Headers", value: list.map((h) => `${h.name}: ${h.value}`).join("\n") }] : [];
}

/** What a command or its notification says, from `entry_json`. */
export function details(entryJson: string | undefined): Detail[] {
  const entry = parseJson(entryJson);
  if (!entry) return [];
  if (entry.Command) {
    const [type, value] = Object.entries(entry.Command as Json)[0] ?? [];
    return type ? commandDetails(type, value as Json) : [];
  }
  const notification = entry.Notification as Json | undefined;
  const completion = notification?.Completion as Json | undefined;
  if (completion) {
    const [type, value] = Object.entries(completion)[0] ?? [];
    const body = value as Json;
    if (type === "Sleep") return [];
    if (type === "GetLazyStateKeys") return [{ label: "Keys", value: (body.state_keys as string[]).join("\n") || "none" }];
    if (type === "CallInvocationId") return [{ label: "Invocation", value: String(body.invocation_id) }];
    return resultDetail("Result", body.result as WithResult);
  }
  const signal = notification?.Signal as Json | undefined;
  return signal ? resultDetail("Result", signal.result as WithResult) : [];
}

function commandDetails(type: string, body: Json): Detail[] {
  const request = body.request as Json | undefined;
  switch (type) {
    case "Input":
      return [{ label: "Input", bytes: body.payload as number[] }, ...headersDetail(body.headers)];
    case "Output":
      return resultDetail("Output", body.result as WithResult);
    case "GetEagerState":
      return resultDetail("Value", body.result as WithResult);
    case "GetEagerStateKeys":
      return [{ label: "Keys", value: ((body.state_keys ?? []) as string[]).join("\n") || "none" }];
    case "SetState":
      return [{ label: "Value", bytes: body.value as number[] }];
    case "CompletePromise":
      return resultDetail("Value", body.value as WithResult);
    case "CompleteAwakeable":
    case "SendSignal":
      return resultDetail("Value", body.result as WithResult);
    case "Sleep":
      return [{ label: "Wakes at", value: iso(body.wake_up_time) }];
    case "Call":
    case "OneWayCall":
      return [
        { label: "Argument", bytes: (request?.parameter ?? []) as number[] },
        ...(type === "OneWayCall" ? [{ label: "Starts", value: iso(body.invoke_time) }] : []),
        ...(request?.idempotency_key ? [{ label: "Idempotency key", value: String(request.idempotency_key) }] : []),
        ...headersDetail(request?.headers),
      ];
    default:
      return [];
  }
}
