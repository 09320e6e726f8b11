/** Where the model is. No key is needed for most local servers. */
export interface ModelConfig {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly model: string;
  readonly limits: ModelLimits;
}

export interface ModelLimits {
  /** from the first request to the last byte, retries included */
  readonly totalMs: number;
  /** the longest silence within an answer, and before its first byte */
  readonly idleMs: number;
  /** raw bytes of one answer, event framing included */
  readonly replyBytesMax: number;
  readonly attemptsMax: number;
  /** a Retry-After above this is not waited for: the rules plan instead */
  readonly retryAfterMaxMs: number;
  /** how long a rate-limited model is left alone at most, whatever its Retry-After says */
  readonly coolDownMaxMs: number;
}

export const MODEL_LIMITS: ModelLimits = {
  totalMs: 180_000,
  idleMs: 60_000,
  replyBytesMax: 8 * 1024 * 1024,
  attemptsMax: 3,
  retryAfterMaxMs: 10_000,
  coolDownMaxMs: 300_000,
};

/** The model's host for the app and for error words: never its path, user or query, which may hold a secret. */
export function endpointHost(baseUrl: string): string {
  return new URL(baseUrl).host;
}
