import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import TextArea from './TextArea.svelte';

const height = () => page.getByLabelText('Note').element().getBoundingClientRect().height;

it('is as high as its rows when empty, and grows with its text', async () => {
  const screen = await render(TextArea, { label: 'Note', value: '', rows: 4 });
  const empty = height();
  expect(empty).toBeGreaterThan(80);
  await page.getByLabelText('Note').fill('line\n'.repeat(12));
  await expect.poll(height).toBeGreaterThan(empty * 2);
  await screen.rerender({ value: '' });
  await expect.poll(height).toBe(empty);
});

it('ties hint and error to the field', async () => {
  await render(TextArea, { label: 'Note', value: '', hint: 'Markdown works.', error: 'Too long.' });
  const field = page.getByLabelText('Note');
  await expect.element(field).toHaveAccessibleDescription('Markdown works. Too long.');
  await expect.element(field).toHaveAttribute('aria-invalid', 'true');
});
