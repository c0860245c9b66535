// The door: a token is shown once, and the page that was asked for opens.
import { useEffect, useRef, useState } from "preact/hooks";
import { problemOf } from "../live/answers";
import { signIn } from "../live/session";
import { useTitle } from "../live/title";

export function Login() {
  const [token, setToken] = useState("");
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useTitle("Sign in");
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!token.trim()) return setFault("Paste a token first");
    setBusy(true);
    try {
      await signIn(token);
    } catch (error) {
      const problem = problemOf(error);
      setFault([problem.detail || problem.title, problem.hint].filter(Boolean).join(": "));
      setBusy(false);
      field.current?.select();
    }
  };
  return (
    <section class="panel login">
      <h1>Sign in</h1>
      <p>This server shows its pages to whoever has a token.</p>
      <form onSubmit={submit}>
        <label for="token">Token</label>
        <input
          id="token"
          ref={field}
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          value={token}
          aria-invalid={fault !== ""}
          aria-describedby={fault ? "token-fault" : "token-note"}
          onInput={(event) => {
            setToken(event.currentTarget.value);
            setFault("");
          }}
        />
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
        {fault && (
          <p id="token-fault" class="fault" role="alert">
            {fault}
          </p>
        )}
      </form>
      <p id="token-note" class="note">
        <code>api.read_token</code> to look, <code>api.admin_token</code> to snooze, give feedback and train too. A cookie that no script can read keeps
        you signed in for 12 hours.
      </p>
    </section>
  );
}
