/** What one tick did; the answer of POST /internal/tick. */
export interface TickReport {
  /** due occurrences that became runs */
  readonly due: number;
  /** runs that this tick carried to their end, those already under way included */
  readonly claimed: number;
  /** plans made, by a model or by rules */
  readonly plansProduced: number;
  /** model answers that held no plan, also those whose mission was then planned by rules */
  readonly parseFailures: number;
  /** plans and answers that were accepted into their space */
  readonly plansWrittenBack: number;
  /** runs and missions that failed */
  readonly errors: number;
}

export const EMPTY_REPORT: TickReport = {
  due: 0,
  claimed: 0,
  plansProduced: 0,
  parseFailures: 0,
  plansWrittenBack: 0,
  errors: 0,
};

export function addReports(a: TickReport, b: Partial<TickReport>): TickReport {
  return {
    due: a.due + (b.due ?? 0),
    claimed: a.claimed + (b.claimed ?? 0),
    plansProduced: a.plansProduced + (b.plansProduced ?? 0),
    parseFailures: a.parseFailures + (b.parseFailures ?? 0),
    plansWrittenBack: a.plansWrittenBack + (b.plansWrittenBack ?? 0),
    errors: a.errors + (b.errors ?? 0),
  };
}
