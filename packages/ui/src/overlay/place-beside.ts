interface Box {
  top: number;
  left: number;
  width: number;
  height: number;
}

const GAP_PX = 6;
const EDGE_PX = 8;

/**
 * Where a floating box goes: under its anchor and in line with its end, above it when there is more room there,
 * and always inside the window. All numbers are CSS pixels of the viewport.
 */
export function placeBeside(
  anchor: Box,
  box: { width: number; height: number },
  view: { width: number; height: number },
): { top: number; left: number; maxHeight: number } {
  const below = view.height - (anchor.top + anchor.height) - GAP_PX - EDGE_PX;
  const above = anchor.top - GAP_PX - EDGE_PX;
  const flip = box.height > below && above > below;
  const maxHeight = Math.max(flip ? above : below, 0);
  const height = Math.min(box.height, maxHeight);
  const endAligned = anchor.left + anchor.width - box.width;
  // Near the left edge the end-aligned box would leave the window: line up with the start instead.
  const wanted = endAligned < EDGE_PX ? anchor.left : endAligned;
  return {
    top: flip ? anchor.top - GAP_PX - height : anchor.top + anchor.height + GAP_PX,
    left: Math.max(EDGE_PX, Math.min(wanted, view.width - box.width - EDGE_PX)),
    maxHeight,
  };
}
