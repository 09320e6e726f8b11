import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { swipe } from './swipe.ts';

let element: HTMLElement;
let stop: (() => void) | undefined;
const right = vi.fn();
const left = vi.fn();
const onmove = vi.fn();

beforeEach(() => {
  element = document.createElement('div');
  // There is no real pointer to capture here.
  element.setPointerCapture = () => undefined;
  document.body.append(element);
  stop = swipe({ right, left, onmove })(element) ?? undefined;
});
afterEach(() => {
  stop?.();
  element.remove();
  right.mockReset();
  left.mockReset();
  onmove.mockReset();
});

function drag(points: readonly (readonly [number, number])[], pointerType = 'touch'): void {
  const fire = (type: string, [clientX, clientY]: readonly [number, number]): void => {
    element.dispatchEvent(new PointerEvent(type, { pointerType, isPrimary: true, pointerId: 1, clientX, clientY }));
  };
  fire('pointerdown', points[0] ?? [0, 0]);
  for (const point of points.slice(1)) fire('pointermove', point);
  fire('pointerup', points.at(-1) ?? [0, 0]);
}

it('runs the side that was reached', () => {
  drag([
    [0, 0],
    [50, 2],
    [120, 4],
  ]);
  expect(right).toHaveBeenCalledOnce();
  drag([
    [200, 0],
    [150, 2],
    [60, 4],
  ]);
  expect(left).toHaveBeenCalledOnce();
});

it('does nothing when it comes back, scrolls, or is a mouse', () => {
  drag([
    [0, 0],
    [120, 0],
    [10, 0],
  ]);
  drag([
    [0, 0],
    [15, 40],
    [150, 200],
  ]);
  drag(
    [
      [0, 0],
      [50, 0],
      [150, 0],
    ],
    'mouse',
  );
  expect(right).not.toHaveBeenCalled();
  expect(left).not.toHaveBeenCalled();
  expect(element.style.translate).toBe('');
});

it('leaves scrolling up and down and zooming to the browser, and nothing else', () => {
  expect(getComputedStyle(element).touchAction).toBe('pan-y pinch-zoom');
  stop?.();
  expect(getComputedStyle(element).touchAction).toBe('auto');
});

it('tells how far it is, and when it is back', () => {
  drag([
    [0, 0],
    [50, 2],
    [120, 4],
  ]);
  expect(onmove.mock.calls.flat()).toEqual([50, 120, 0]);
});
