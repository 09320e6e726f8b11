/** Thrown to leave a run whose lease's signal aborted: the process stops, or another worker holds the run. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Leaves the run when nothing that follows may be written. */
export function assertGoingOn(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted('the run was interrupted');
}
