/** Raised when the program itself is wrong: never for bad input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Checks what must hold if the program is right. Throws {@link AssertionError}. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a switch as exhaustive: a new case becomes a type error here. */
export function exhaustive(value: never): never {
  throw new AssertionError(`unhandled case: ${JSON.stringify(value)}`);
}
