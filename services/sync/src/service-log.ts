/** Where the service writes what happened: pino, or a list in a test. Details hold no secret and no record. */
export interface ServiceLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
