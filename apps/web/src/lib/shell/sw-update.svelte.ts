import { dev } from '$app/env';
import { workerUrl } from './worker-url.ts';

/**
 * The life of the service worker as the page sees it. A new version waits until the user says so. Other tabs of the same
 * browser are not reloaded under their user's hands: they load the new version at their next navigation (`mustReload`).
 */
export class SwUpdate {
  waiting = $state.raw<ServiceWorker | null>(null);
  /** The worker has changed under this page. */
  mustReload = $state(false);
  #asked = false;

  /** Registers the worker; call once. Without support, or in development, it does nothing. */
  async start(): Promise<void> {
    if (dev || !('serviceWorker' in navigator)) return;
    const container = navigator.serviceWorker;
    // Not computed once at load: the first install claims the page, and only changes after that are updates.
    let controlled = container.controller !== null;
    container.addEventListener('controllerchange', () => {
      if (!controlled) {
        controlled = true;
      } else if (this.#asked) {
        location.reload();
      } else {
        this.waiting = null;
        this.mustReload = true;
      }
    });
    // A browser may refuse (private mode, blocked storage): the app then works online only.
    const registration = await container
      .register(workerUrl('/service-worker.js'), { type: 'module' })
      .catch(() => undefined);
    if (!registration) return;
    const check = (): void => {
      if (registration.waiting && container.controller) this.waiting = registration.waiting;
    };
    check();
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', check);
    });
    document.addEventListener('visibilitychange', () => {
      // Offline it fails, and is tried again the next time.
      if (document.visibilityState === 'visible') registration.update().catch(() => undefined);
    });
  }

  /** "Reload": the waiting version takes over and this page loads it. */
  apply(): void {
    this.#asked = true;
    this.waiting?.postMessage({ type: 'SKIP_WAITING' });
  }
}
