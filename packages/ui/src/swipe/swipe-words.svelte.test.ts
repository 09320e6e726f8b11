import Check from '@lucide/svelte/icons/check';
import { createRawSnippet } from 'svelte';
import { expect, it, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import Swipe from './Swipe.svelte';

const children = createRawSnippet(() => ({ render: () => '<p>Row</p>' }));

it('says what letting go will do, and is strong when it would', async () => {
  const left = { label: 'Reject', icon: Check, run: vi.fn() };
  const right = { label: 'Approve', icon: Check, run: vi.fn() };
  const screen = await render(Swipe, { left, right, children });
  const front = screen.container.querySelector<HTMLElement>('.front');
  if (!front) throw new Error('no row');
  front.setPointerCapture = () => undefined;
  const fire = (type: string, clientX: number) =>
    front.dispatchEvent(new PointerEvent(type, { pointerType: 'touch', isPrimary: true, pointerId: 1, clientX }));
  const behind = () => screen.container.querySelector('.behind');
  fire('pointerdown', 0);
  fire('pointermove', 40);
  await expect.poll(() => behind()?.textContent?.trim()).toBe('Approve');
  expect(behind()?.classList).not.toContain('far');
  fire('pointermove', 110);
  await expect.poll(() => behind()?.classList).toContain('far');
  // Drawn anew while the finger is down.
  await screen.rerender({ right: { ...right } });
  fire('pointerup', 110);
  expect(right.run).toHaveBeenCalledOnce();
  await expect.poll(behind).toBeNull();
  fire('pointerdown', 200);
  fire('pointermove', 90);
  await expect.poll(() => behind()?.textContent?.trim()).toBe('Reject');
  fire('pointerup', 90);
  expect(left.run).toHaveBeenCalledOnce();
});
