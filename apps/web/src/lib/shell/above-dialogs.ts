/**
 * Keeps messages in reach while a modal dialog is open. All that is not inside the dialog is inert then: not to be pressed,
 * not to be tabbed to, and not read out, wherever it is drawn. So the messages move into the dialog on top, and back.
 */
export function aboveDialogs(messages: HTMLElement): () => void {
  const home = messages.parentElement ?? document.body;
  const place = (): void => {
    const top = [...document.querySelectorAll('dialog:modal')].at(-1) ?? home;
    if (messages.parentElement !== top || !messages.isConnected) top.append(messages);
  };
  // A dialog that is taken off the page takes the messages with it; they are back before anything is drawn.
  const observer = new MutationObserver(place);
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ['open'] });
  return () => {
    observer.disconnect();
    home.append(messages);
  };
}
