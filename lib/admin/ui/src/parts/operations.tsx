// What may be done to invocations: the buttons, and the question before each.

import { useState } from "preact/hooks";
import { ApiError } from "../data/api";
import { plural } from "../data/format";
import {
  matchingIds, operate, operateAll, type BatchResult, type Filter, type Invocation, type Operation,
} from "../data/invocations";
import { href, navigate } from "../router";
import { Button, Check, Dialog, Failed, Field, Notice } from "./basics";
import type { IconName } from "./icons";
import { toast } from "./toasts";

interface Description {
  label: string;
  done: string;
  icon?: IconName;
  danger?: boolean;
  text: string;
}

export const operations: Record<Operation, Description> = {
  resume: {
    label: "Resume", done: "resumed", icon: "play",
    text: "The next attempt starts now, from where the journal ends.",
  },
  pause: {
    label: "Pause", done: "paused",
    text: "The running attempt stops at the next opportunity. It goes on when somebody resumes it.",
  },
  "restart-as-new": {
    label: "Restart", done: "restarted", icon: "refresh",
    text: "A new invocation starts with the same input. The old one stays as it is.",
  },
  cancel: {
    label: "Cancel", done: "cancelled", danger: true,
    text: "The handler and the calls it waits for are told to stop, and may still compensate what they have done.",
  },
  kill: {
    label: "Kill", done: "killed", danger: true,
    text: "It ends at once, with everything it called. Nothing is compensated, and state may be left half changed.",
  },
  purge: {
    label: "Purge", done: "purged", icon: "trash", danger: true,
    text: "The completed invocation is forgotten with its result, its journal and its idempotency key. This cannot be undone.",
  },
  "purge-journal": {
    label: "Purge journal", done: "purged", danger: true,
    text: "The journal is deleted. The result stays.",
  },
};

export type Subject =
  | { kind: "one"; row: Invocation; from?: number; fromTitle?: string }
  | { kind: "some"; ids: string[] }
  | { kind: "all"; filter: Filter; count: number };

/** Asks, does it, and tells how it went. */
export function OperationDialog({ operation, subject, onClose, onDone }: {
  operation: Operation;
  subject: Subject;
  onClose: () => void;
  onDone: () => void;
}) {
  const { label, done, danger, text } = operations[operation];
  const [deployment, setDeployment] = useState(operation === "restart-as-new" ? "latest" : "keep");
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const [progress, setProgress] = useState(0);
  const [error, setError] = useState<ApiError>();
  const [result, setResult] = useState<BatchResult>();

  const total = subject.kind === "one" ? 1 : subject.kind === "some" ? subject.ids.length : subject.count;
  const many = total > 1 ? plural(total, "invocation") : "this invocation";
  const askTwice = danger && total > 20;
  const choosesDeployment = operation === "resume" || operation === "restart-as-new";
  const options = choosesDeployment ? { deployment } : {};

  const one = async (row: Invocation, from: number | undefined) => {
    const created = await operate(row.id, operation, { ...options, from });
    toast(created ? `Restarted as ${created.slice(0, 12)}…` : `${row.target_handler_name}: ${done}`);
    onDone();
    if (created) navigate(href(`/invocations/${created}`));
    else if (operation === "purge") navigate(href("/invocations"));
  };
  const batch = async (pieces: AsyncIterable<string[]> | string[][]) => {
    const sum: BatchResult = { succeeded: 0, failed: [] };
    for await (const ids of pieces) {
      const answer = await operateAll(ids, operation, options);
      sum.succeeded += answer.succeeded;
      sum.failed.push(...answer.failed);
      setProgress(sum.succeeded + sum.failed.length);
    }
    if (!sum.failed.length) {
      toast(`${plural(sum.succeeded, "invocation")} ${done}`);
      return onDone();
    }
    setResult(sum);
  };
  const run = async () => {
    setBusy(true);
    setError(undefined);
    try {
      if (subject.kind === "one") await one(subject.row, subject.from);
      else if (subject.kind === "all") await batch(matchingIds(subject.filter));
      else await batch(Array.from({ length: Math.ceil(total / 1000) }, (_, i) => subject.ids.slice(i * 1000, (i + 1) * 1000)));
    } catch (problem) {
      setError(problem instanceof ApiError ? problem : new ApiError(0, null, String(problem)));
    } finally {
      setBusy(false);
    }
  };

  if (result) {
    return (
      <Dialog title={label} onClose={onDone} onSubmit={onDone} footer={<Button type="submit" look="primary">Close</Button>}>
        {result.succeeded > 0 && <Notice tone="good">{plural(result.succeeded, "invocation")} {done}.</Notice>}
        <Notice tone="warn" title={`Not possible for ${plural(result.failed.length, "invocation")}`}>
          {[...new Set(result.failed.map(({ error: reason }) => reason))].slice(0, 5).join(" · ")}
        </Notice>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={`${label} ${many}?`}
      onClose={() => !busy && onClose()}
      onSubmit={() => void run()}
      footer={
        <>
          <Button onClick={onClose} disabled={busy}>Back</Button>
          <Button type="submit" look={danger ? "danger" : "primary"} busy={busy} disabled={askTwice && !sure}>
            {busy && total > 1 ? `${label} ${progress}/${total}` : `${label} ${many}`}
          </Button>
        </>
      }
    >
      {subject.kind === "one" && <p class="mono break">{subject.row.target}</p>}
      <p>{subject.kind === "one" && subject.from !== undefined
        ? `A new invocation starts that already has the journal up to and including entry ${subject.from}${subject.fromTitle ? ` (${subject.fromTitle})` : ""}, and goes on from there.`
        : text}</p>
      {choosesDeployment && (
        <Field label="Deployment" hint={deployment === "keep"
          ? "The code that it ran on so far"
          : "The newest revision of the service. Its code must fit the journal"}>
          {(id, hint) => (
            <select id={id} aria-describedby={hint} value={deployment} onChange={(event) => setDeployment(event.currentTarget.value)}>
              <option value="keep">The same as before</option>
              <option value="latest">The latest</option>
            </select>
          )}
        </Field>
      )}
      {askTwice && <Check label={`Yes, all ${plural(total, "invocation")}`} checked={sure} onChange={setSure} />}
      {error && <Failed error={error} />}
    </Dialog>
  );
}
