/**
 * What must hold once everything has arrived. Each but the last has at least one planted bug that it must catch
 * (canaries.ts).
 */
export type OracleName =
  /** all devices hold what the server holds */
  | 'convergence'
  /** and the digests say so */
  | 'digest'
  /** the server holds the fold over all accepted ops */
  | 'fold'
  /** of every cell the greatest stamp stands, the first accepted one on equal stamps */
  | 'greatest-stamp'
  /** what the server said it took is in its log */
  | 'no-lost-acknowledged-write'
  /** what was written on a device was taken, is in quarantine, gave way to `taken`, or was replaced there */
  | 'no-lost-write'
  /** stamps of a device strictly rise, and an effect is later than its cause */
  | 'stamps-rise'
  /** a deleted record is hidden, keeps its fields, and only a restore brings it back */
  | 'tombstones'
  /** a cursor only rises, and nothing up to it is missing */
  | 'cursor'
  /** nothing is applied twice */
  | 'idempotency'
  /** a group is taken whole or not at all */
  | 'group-atomicity'
  /** one execution and one effect a step; exactly one when it stands approved */
  | 'one-effect'
  /** proposals are the same on every device, and what their rows say */
  | 'staging'
  /** after healing every outbox drains */
  | 'drained'
  /** the server refuses nothing that the app wrote, but `taken` */
  | 'no-refusal'
  /** nobody takes a new client id without having been cloned */
  | 'own-client-id'
  /** nothing throws */
  | 'no-exception';
