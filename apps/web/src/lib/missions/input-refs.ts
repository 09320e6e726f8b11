/** A record that a mission is linked to. */
export interface InputRef {
  readonly table: string;
  readonly id: string;
}

export const inputKey = (input: InputRef): string => `${input.table}|${input.id}`;

/** How many records of one kind the picker lists before it asks for a search. */
export const SHOWN_PER_KIND = 50;
