import type { JsonValue } from '@manara/kernel/json';

/**
 * Cells that this device had and a restored server lacks, when the device was away for too long to send them unasked:
 * offered to the person, who writes them again or lets them go.
 */
export interface ReviewRow {
  readonly id: string;
  readonly table: string;
  readonly recordId: string;
  /** value by field; `$deleted` among them */
  readonly values: Readonly<Record<string, JsonValue>>;
}
