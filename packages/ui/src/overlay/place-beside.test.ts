import { describe, expect, it } from 'vitest';
import { placeBeside } from './place-beside.ts';

const view = { width: 400, height: 600 };

describe('placeBeside', () => {
  it('goes under the anchor, ends in line', () => {
    const at = placeBeside({ top: 100, left: 300, width: 40, height: 36 }, { width: 180, height: 200 }, view);
    expect(at).toEqual({ top: 142, left: 160, maxHeight: 450 });
  });

  it('goes above when there is more room there', () => {
    const at = placeBeside({ top: 500, left: 300, width: 40, height: 36 }, { width: 180, height: 200 }, view);
    expect(at.top).toBe(294);
  });

  it('never leaves the window, however small', () => {
    for (const left of [-50, 0, 150, 390, 500]) {
      const at = placeBeside({ top: 0, left, width: 40, height: 36 }, { width: 180, height: 5000 }, view);
      expect(at.left).toBeGreaterThanOrEqual(8);
      expect(at.left + 180).toBeLessThanOrEqual(392);
      expect(at.top + at.maxHeight).toBeLessThanOrEqual(592);
    }
  });
});
