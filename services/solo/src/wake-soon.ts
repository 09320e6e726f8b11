const WAIT_MS = 200;

/** Many commits in a short while wake the runner once. */
export function wakeSoon(wake: () => void): () => void {
  let waiting = false;
  const now = () => {
    waiting = false;
    wake();
  };
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(now, WAIT_MS).unref();
  };
}
