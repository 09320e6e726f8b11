import type { Mission } from '@manara/shared-ai/tables/missions';
import type { ModelConfig } from './model/model-config.ts';

/** Why a mission's inputs may not go to the model, or null when they may. */
export function egressRefusal(mission: Pick<Mission, 'privacy'>, model: ModelConfig): string | null {
  if (mission.privacy !== 'localOnly' || isLoopback(new URL(model.baseUrl).hostname)) return null;
  return 'The mission keeps its inputs on this server.';
}

/** This machine: nothing leaves it. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}
