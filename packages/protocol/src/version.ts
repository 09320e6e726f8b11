/** What this build speaks. Raised only when a message of an older version would be misread. */
export const PROTOCOL_VERSION = 1;

/** The oldest and newest versions that the server takes; named in `upgrade_required`. */
export const PROTOCOL_MIN = 1;
export const PROTOCOL_MAX = 1;
