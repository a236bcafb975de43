// What stands in place of the page while the server wants a token.

import { useEffect, useRef, useState } from "preact/hooks";
import { hasToken, setToken } from "../data/api";
import { Button, Check, Field } from "./basics";
import { Icon } from "./icons";

export function TokenPage({ done }: { done: () => void }) {
  const [value, setValue] = useState("");
  const [remember, setRemember] = useState(false);
  const wrong = hasToken();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (!value.trim()) return;
    setToken(value.trim(), remember);
    done();
  };
  return (
    <main class="token-page" id="main">
      <form class="card token-card" onSubmit={submit}>
        <span class="empty-icon"><Icon name="key" size={22} /></span>
        <h1>This server wants a token</h1>
        <p class="muted">Enter the token of the admin API. It is sent with each request of this page, and nowhere else.</p>
        <Field label="Token" error={wrong ? "The server did not accept the last token." : undefined}>
          {(id, hint) => (
            <input id={id} type="password" autocomplete="current-password" aria-describedby={hint} ref={input}
              value={value} onInput={(event) => setValue(event.currentTarget.value)} />
          )}
        </Field>
        <Check label="Remember on this machine" hint="Otherwise until this tab is closed" checked={remember} onChange={setRemember} />
        <Button type="submit" look="primary" disabled={!value.trim()}>Continue</Button>
      </form>
    </main>
  );
}
