/** What happened, in order: kept as a hash, and as lines when somebody wants to read it. */
export class Trace {
  readonly lines: string[] | null;
  #high = 0x811c9dc5;
  #low = 0x01000193;

  constructor(keep: boolean) {
    this.lines = keep ? [] : null;
  }

  add(atMs: number, who: string, what: string): void {
    const line = `${atMs} ${who} ${what}`;
    for (let at = 0; at < line.length; at++) {
      const code = line.charCodeAt(at);
      this.#high = Math.imul(this.#high ^ code, 0x01000193);
      this.#low = Math.imul(this.#low ^ code, 0x85ebca6b);
    }
    this.lines?.push(line);
  }

  get hash(): string {
    const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }
}
