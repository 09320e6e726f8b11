import type { Attachment } from 'svelte/attachments';

/** Sets the height to that of the text, for browsers without `field-sizing`. Runs again for each `value`. */
export function growToContent(value: unknown): Attachment<HTMLTextAreaElement> {
  return (element) => {
    if (CSS.supports('field-sizing', 'content') || value === undefined) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`;
  };
}
