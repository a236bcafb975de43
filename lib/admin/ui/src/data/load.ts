// Values that come from the server: loaded when something they depend on changes, and again from
// time to time while somebody looks.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./api";

export interface Loaded<T> {
  value: T | undefined; // the last good one, also while a newer one is on its way or has failed
  error: ApiError | undefined;
  loading: boolean;
  reload: () => void;
}

interface Options {
  /** Milliseconds between an answer and the next request; none: only when asked. */
  every?: number;
}

export function useLoad<T>(
  load: (signal: AbortSignal) => Promise<T>,
  dependencies: unknown[],
  options: Options = {},
): Loaded<T> {
  const [state, setState] = useState<{ value?: T; error?: ApiError; loading: boolean; key: string }>({
    loading: true,
    key: "",
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const key = JSON.stringify(dependencies);

  useEffect(() => {
    const aborter = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      const begin = performance.now();
      try {
        const value = await latest.current(aborter.signal);
        if (aborter.signal.aborted) return;
        setState({ value, loading: false, key });
      } catch (error) {
        if (aborter.signal.aborted) return;
        const problem = error instanceof ApiError ? error : new ApiError(0, null, String((error as Error).message ?? error));
        setState((old) => ({
          value: old.key === key ? old.value : undefined,
          error: problem,
          loading: false,
          key,
        }));
      }
      if (!options.every) return;
      // A server that takes long to answer is asked less often.
      timer = setTimeout(again, Math.max(options.every, 10 * (performance.now() - begin)));
    };
    const again = () => {
      if (document.hidden) document.addEventListener("visibilitychange", run, { once: true, signal: aborter.signal });
      else void run();
    };
    setState((old) => ({ ...old, loading: true }));
    void run();
    return () => {
      aborter.abort();
      clearTimeout(timer);
    };
  }, [key, turn, options.every]);

  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const fresh = state.key === key;
  return {
    value: fresh ? state.value : undefined,
    error: fresh ? state.error : undefined,
    loading: state.loading || !fresh,
    reload,
  };
}
