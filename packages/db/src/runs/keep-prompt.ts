import type { Tx } from '../client.ts';

/** The exact prompt of an iteration, as it was sent. */
export type Prompt = {
  iterationId: string;
  messages: readonly { readonly role: string; readonly content: string }[];
  model: string;
  version: string;
  hash: string;
};

/** Keeps a prompt in the transaction that writes its iteration. What is kept is never changed. */
export async function keepPrompt(tx: Tx, spaceId: string, prompt: Prompt): Promise<void> {
  await tx`
    insert into prompts (space_id, iteration_id, messages, model, prompt_version, prompt_hash)
    values (${spaceId}, ${prompt.iterationId}, ${JSON.stringify(prompt.messages)}::text::jsonb, ${prompt.model},
      ${prompt.version}, ${prompt.hash})
    on conflict (space_id, iteration_id) do nothing`;
}
