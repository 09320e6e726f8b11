/** What an action may know of the moment: given by whoever calls it, so that actions stay pure. */
export interface ActionContext {
  /** a new UUIDv7 */
  newId(): string;
  /** milliseconds since 1970 */
  readonly nowMs: number;
  /** the person's day, `YYYY-MM-DD` in their zone */
  readonly today: string;
  /** the person's zone, an IANA name */
  readonly zone?: string;
}
