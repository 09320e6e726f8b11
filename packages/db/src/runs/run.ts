/** A run that a worker holds. `attempt` is the fence: every write of the worker names it. */
export type ClaimedRun = {
  spaceId: string;
  id: string;
  kind: 'scheduled' | 'request' | 'answer';
  missionId: string | null;
  messageId: string | null;
  /** `YYYY-MM-DDTHH:MMZ` of the due occurrence, or the run request's id. */
  slot: string;
  attempt: number;
  requestedAt: Date;
};

/** What names a run and proves that it is still held. */
export type Fence = Pick<ClaimedRun, 'spaceId' | 'id' | 'attempt'>;
