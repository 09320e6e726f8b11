/** Why a model gave no usable answer. The words are shown to the owner; they hold no key and no server's stack. */
export interface ModelFailure {
  readonly code: ModelFailureCode;
  readonly message: string;
  /** whether asking again soon may help */
  readonly retryable: boolean;
  /** what the server asked for, not yet capped */
  readonly retryAfterMs?: number;
}

export type ModelFailureCode =
  | 'refused'
  | 'unauthorized'
  | 'unknown_model'
  | 'timeout'
  | 'rate_limited'
  | 'server_error'
  | 'bad_request'
  | 'redirect'
  | 'not_compatible'
  | 'too_large'
  | 'cut'
  | 'aborted';

/** Carries a failure out of a stream or a fetch. */
export class ModelFault extends Error {
  override readonly name = 'ModelFault';
  readonly failure: ModelFailure;

  constructor(failure: ModelFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

export const failure = (code: ModelFailureCode, message: string, retryable = false): ModelFailure => ({
  code,
  message,
  retryable,
});
