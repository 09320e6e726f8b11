/** The most steps of one plan. */
export const STEPS_MAX = 50;
/** Bytes of JSON of all steps together: a plan is written in one batch, whose body is at most 1 MiB. */
export const PLAN_BYTES_MAX = 600_000;
/** Bytes of JSON of one step's arguments; raw and read ones are both kept, in fields of 64 KiB. */
export const ARGS_BYTES_MAX = 60_000;
/** How long a proposal stays open: 7 days, in ms. */
export const PROPOSAL_LIFE_MS = 7 * 86_400_000;
/** Lines and length of the log of what was mended. */
export const LOG_LINES_MAX = 50;
export const LOG_LINE_CHARS = 300;
