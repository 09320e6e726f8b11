import type { Attachment } from 'svelte/attachments';

/** Letting go from here on runs the side. */
export const DECIDE_PX = 96;
const START_PX = 12;

/**
 * Touch only: dragging the element sideways far enough runs `right` or `left`. A shortcut for a button that is always there
 * too. A drag that turns out to be a scroll, or that comes back, does nothing.
 */
export function swipe(actions: {
  right?: (() => void) | undefined;
  left?: (() => void) | undefined;
  /** How far the element is, in pixels to the right; 0 when it is back. */
  onmove?: ((px: number) => void) | undefined;
}): Attachment<HTMLElement> {
  return (element) => {
    let start: { x: number; y: number; id: number } | null = null;
    let moved = 0;

    const place = (px: number): void => {
      moved = px;
      element.style.translate = px === 0 ? '' : `${px}px 0`;
      actions.onmove?.(px);
    };
    const settle = (): void => {
      start = null;
      place(0);
    };
    const down = (event: PointerEvent): void => {
      if (event.pointerType === 'touch' && event.isPrimary)
        start = { x: event.clientX, y: event.clientY, id: event.pointerId };
    };
    const move = (event: PointerEvent): void => {
      if (!start || event.pointerId !== start.id) return;
      const dx = event.clientX - start.x;
      if (moved === 0 && Math.abs(dx) < START_PX) return;
      if (moved === 0 && Math.abs(event.clientY - start.y) > Math.abs(dx)) {
        settle();
        return;
      }
      const allowed = dx > 0 ? actions.right : actions.left;
      if (moved === 0) element.setPointerCapture(event.pointerId);
      place(allowed ? dx : 0);
    };
    const up = (): void => {
      const action = moved >= DECIDE_PX ? actions.right : moved <= -DECIDE_PX ? actions.left : undefined;
      settle();
      action?.();
    };

    // Else the browser takes a sideways drag for a scroll of its own and cancels the pointer.
    element.style.touchAction = 'pan-y pinch-zoom';
    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', settle);
    return () => {
      element.style.touchAction = '';
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', settle);
    };
  };
}
