import { on } from 'svelte/events';

/** What may take the focus over. Not a field for text: keys of the page would become letters, and a phone's keyboard opens. */
const CONTROLS =
  ':is(a[href], button, summary, select, input:is([type="checkbox"], [type="radio"]), [tabindex="0"]):not(:disabled)';
const TITLE = '[data-page-title]';

/** Where in the page an element was that is gone. */
interface Place {
  readonly parent: Node;
  readonly before: Node | null;
  readonly after: Node | null;
}

/**
 * Gives the focus a place when what had it goes: what came in its stead, or else what is nearest, or the page's title. Who
 * knows better moves it himself: this comes a frame later, and only when the focus is nowhere by then.
 *
 * @returns what ends it
 */
export function keepFocus(body: HTMLElement): () => void {
  let focused: Element | null = null;
  let lost: Place | null = null;
  let frame = 0;
  const isNowhere = (): boolean => document.activeElement === null || document.activeElement === body;

  const recover = (): void => {
    frame = 0;
    if (lost === null) return;
    if (isNowhere()) heirOf(lost)?.focus();
    // A page that is still on its way has nothing to give: it is asked again when it changes.
    if (!isNowhere()) lost = null;
  };
  const observer = new MutationObserver((records) => {
    if (focused !== null && !focused.isConnected) {
      lost = focused.matches(TITLE) ? { parent: body, before: null, after: null } : placeOf(focused, records);
      focused = null;
    }
    if (lost !== null && frame === 0) frame = requestAnimationFrame(recover);
  });
  const focusIn = ({ target }: FocusEvent): void => {
    focused = target as Element;
    lost = null;
  };
  const focusOut = ({ relatedTarget }: FocusEvent): void => {
    if (relatedTarget !== null) return;
    const left = focused;
    // Still there: the person pressed beside it. What is being removed is gone by then.
    queueMicrotask(() => {
      if (focused === left && left?.isConnected && isNowhere()) focused = null;
    });
  };
  const offs = [on(body, 'focusin', focusIn), on(body, 'focusout', focusOut)];
  observer.observe(body, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
    for (const off of offs) off();
  };
}

function placeOf(gone: Node, records: readonly MutationRecord[]): Place | null {
  const record = records.findLast(({ removedNodes }) => [...removedNodes].some((node) => node.contains(gone)));
  if (record === undefined) return null;
  const { target: parent, previousSibling: before, nextSibling: after } = record;
  return parent.isConnected ? { parent, before, after } : placeOf(parent, records);
}

function heirOf({ parent, before, after }: Place): HTMLElement | null {
  const isInPage = parent instanceof HTMLElement && parent.isConnected && parent.closest('main *, dialog') !== null;
  if (!isInPage) return document.querySelector<HTMLElement>(TITLE);
  const controls = [...parent.querySelectorAll<HTMLElement>(CONTROLS)].filter((control) => control.checkVisibility());
  const next = controls.find((control) => comesLater(control, before, after));
  const near = next ?? controls.findLast((control) => !comesLater(control, before, after));
  if (near !== undefined || parent.matches('dialog')) return near ?? null;
  return heirOf({ parent: parent.parentElement ?? document.body, before: parent, after: null });
}

function comesLater(control: Node, before: Node | null, after: Node | null): boolean {
  if (before === null) return true;
  if (before.isConnected) {
    return !before.contains(control) && follows(before, control);
  }
  return after?.isConnected === true && (after.contains(control) || follows(after, control));
}

const follows = (first: Node, second: Node): boolean =>
  (first.compareDocumentPosition(second) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
