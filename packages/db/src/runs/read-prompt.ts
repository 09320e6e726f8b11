import type { Tx } from '../client.ts';

export interface StoredPrompt {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly model: string | null;
  readonly promptVersion: string;
  readonly promptHash: string;
}

/** The exact prompt of an iteration, or null. In a transaction that may see the space. */
export async function readPrompt(
  tx: Tx,
  key: { readonly spaceId: string; readonly iterationId: string },
): Promise<StoredPrompt | null> {
  const [prompt] = await tx<StoredPrompt[]>`
    select messages, model, prompt_version as "promptVersion", prompt_hash as "promptHash"
    from prompts where space_id = ${key.spaceId} and iteration_id = ${key.iterationId}`;
  return prompt ?? null;
}
